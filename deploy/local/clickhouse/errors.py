"""Errors as ClickHouse names them: a code and a sentence."""

import re
from enum import IntEnum
from typing import Self

_PREFIX = re.compile(r"(?:Code: (\d+)\. DB::\w*Exception: )+")


class Code(IntEnum):
    """The codes that this server raises by itself; all others come from the engine."""

    NO_SUCH_COLUMN_IN_TABLE = 16
    BAD_ARGUMENTS = 36
    CHECKSUM_DOESNT_MATCH = 40
    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    UNKNOWN_FORMAT = 73
    UNKNOWN_COMPRESSION_METHOD = 89
    UNEXPECTED_PACKET_FROM_CLIENT = 101
    UNKNOWN_SETTING = 115
    TOO_LARGE_STRING_SIZE = 131
    READONLY = 164
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    NOT_ENOUGH_SPACE = 243
    CANNOT_DECOMPRESS = 271
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    AUTHENTICATION_FAILED = 516
    STD_EXCEPTION = 1001


class ServerError(Exception):
    """A statement failed; the connection can go on."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text}")
        self.code = code
        self.text = text

    @classmethod
    def of(cls, code: Code, text: str) -> Self:
        """Like the engine's own: the code's name stands at the end of the sentence."""
        return cls(code, f"{text} ({code.name})")


class ProtocolError(ServerError):
    """What arrived cannot be understood, so neither can what follows: the connection ends."""


class Disconnected(Exception):
    """The client closed its end, or has been silent for too long."""


def from_engine(error: Exception, marker: str = "") -> ServerError:
    """The engine's exception with its own code; positions count from the client's first character, behind `marker`."""
    message = str(error).replace(marker, "") if marker else str(error)
    found = _PREFIX.search(message)
    if not found:
        return ServerError.of(Code.STD_EXCEPTION, message)
    text = re.sub(r"(failed at position )(\d+)", lambda m: f"{m[1]}{max(1, int(m[2]) - len(marker))}", message[found.end() :])
    return ServerError(int(found[1]), text)
