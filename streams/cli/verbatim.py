"""What stands in data, for a terminal: every character is seen, and none is obeyed.

An order may be called `[red]`, and whoever writes to a service desk may put the codes into an e-mail that clear its screen.
"""

import re

from rich.text import Text

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # controls, line ends, turns of direction


def visible(text: str) -> str:
    """For `print`: what moves the cursor, changes colours or turns the direction stands there by its code, as `\\x1b`."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def verbatim(text: str, style: str = "") -> Text:
    """The same for rich: nor is anything in it markup."""
    return Text(visible(text), style)
