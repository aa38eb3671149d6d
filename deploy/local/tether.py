"""Ends a process when the one that launched it has gone, however it went.

    python -m deploy.local.tether PID MARKER

Standard input is a pipe whose other end only the launcher holds, so its end of file says that the launcher has gone.
Other than a parent-death signal, this works on every system, and when the launching thread ends before the process.
"""

import sys

from deploy.local.daemon import end, find

DEADLINE_S = 20


def main() -> None:
    pid, marker = int(sys.argv[1]), sys.argv[2]
    sys.stdin.buffer.read()
    if process := find(pid, marker):
        end(process, DEADLINE_S)


if __name__ == "__main__":
    main()
