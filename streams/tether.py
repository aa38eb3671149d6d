"""A child that ends when its parent has gone, however it went: it reads a pipe of which only the parent holds the other end."""

import os
import signal
import threading


def end_with_parent() -> None:
    """Send SIGTERM to ourselves at the end of standard input."""

    def wait() -> None:
        while os.read(0, 4_096):  # not through sys.stdin, whose lock would be held when the interpreter ends
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="tether", daemon=True).start()
