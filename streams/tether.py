"""A child that ends when its parent has gone, however it went: it reads a pipe of which only the parent holds the other end."""

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """Send SIGTERM to ourselves at the end of standard input."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="tether", daemon=True).start()
