"""Why a command ends without having done its work; `main` turns each into its exit code."""


class Unreachable(Exception):
    """A dependency does not answer or is not ready (exit 4): the text says which, where, and what to do."""


class CheckFailed(Exception):
    """What the command was to hold does not hold (exit 5)."""
