"""Which failures of ClickHouse mean `try again later`, and which are faults."""

from clickhouse_driver import errors

BUSY_CODES = {
    159: "TIMEOUT_EXCEEDED",
    160: "TOO_SLOW",
    164: "READONLY",
    201: "QUOTA_EXCEEDED",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    225: "NO_ZOOKEEPER",
    236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE",
    252: "TOO_MANY_PARTS",
    285: "TOO_FEW_LIVE_REPLICAS",
    286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    319: "UNKNOWN_STATUS_OF_INSERT",
    394: "QUERY_WAS_CANCELLED",
    439: "CANNOT_SCHEDULE_TASK",
    473: "DEADLOCK_AVOIDED",
    999: "KEEPER_EXCEPTION",
}

# Of the file system: nobody made room or mounted it for writing yet.  Codes by which a server says this of a file, and its words.
FILE_CODES = (74, 75, 76, 77, 1001)  # cannot read, write, open or close a file; an exception of the C++ library
FILE_WORDS = {"No space left on device": "NOT_ENOUGH_SPACE", "Read-only file system": "TABLE_IS_READ_ONLY"}


def passing(error: BaseException) -> str | None:
    """Why the database cannot take rows at the moment; None if the error is a fault that waiting does not cure.

    The name of the server's code or the class of the error, and nothing of the data.
    """
    if isinstance(error, errors.ServerException):
        return BUSY_CODES.get(error.code) or _of_files(error)
    if isinstance(error, (errors.NetworkError, errors.SocketTimeoutError, OSError, EOFError)):
        return type(error).__name__
    return None


def _of_files(error: errors.ServerException) -> str | None:
    if error.code not in FILE_CODES:
        return None
    return next((name for words, name in FILE_WORDS.items() if words in str(error.message)), None)
