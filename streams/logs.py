"""JSON lines on stderr, one an event.  No personal data: ids of topics and partitions, counts, names of errors.

What an exception says may quote the value that it stumbled over, and so may what a library logs about it.  Told are the classes of
exceptions and the places in the code, and the text of those that we or the Kafka clients word; of a library's line its template.
"""

import logging
import re
import sys
import threading
from types import TracebackType
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, ExcInfo, Processor

QUIET = ("faust", "mode", "aiokafka", "kafka", "streams.transport")  # they tell much; what concerns us we say ourselves
WORDED = ("streams", "sinks", "schemas", "aiokafka", "kafka")  # exceptions of these packages carry no value of a record
BROKERS = ("aiokafka", "kafka")  # the texts in their lines are addresses and names of topics and groups
REPRESENTED = re.compile(r"[\n(<]")  # where asyncio's lines begin to show objects

log = structlog.get_logger("throughline")


def told(error: BaseException | None) -> str:
    """What an exception says, as far as it may be told: its text, the system's word, or a database's code."""
    if error is None:
        return ""
    if type(error).__module__.partition(".")[0] in WORDED:
        return str(error)[:500]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    code = getattr(error, "code", None)
    return f"code {code}" if isinstance(code, int) else ""


def configure(level: str, agent: str) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]

    def named(_logger: Any, _method: str, event: EventDict) -> EventDict:
        """Threads of libraries have no context, so it is not kept there."""
        return {"agent": agent, **event}

    shared: list[Processor] = [
        named,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [structlog.processors.ExceptionRenderer(_places), structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_template, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        use_get_message=False, pass_foreign_args=True,
    ))  # fmt: skip
    logging.basicConfig(handlers=[handler], level=number, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    log.critical("uncaught", error=kind.__name__, detail=told(error), exc_info=(kind, error, traceback))


_describe = ExceptionDictTransformer(show_locals=False)  # locals are personal data


def _places(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """The chain of exceptions: classes, files, lines and functions."""
    return [_place(stack) for stack in _describe(exc_info)]


def _place(stack: dict[str, Any]) -> dict[str, Any]:
    frames = [f"{frame['filename']}:{frame['lineno']} {frame['name']}" for frame in stack["frames"]]
    inner = [[_place(inner) for inner in trace] for trace in stack.get("exceptions", ())]
    return {"error": stack["exc_type"], "frames": frames, **({"exceptions": inner} if inner else {})}


def _template(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A library's line: its template, and of what belongs into it numbers, classes, and brokers' texts."""
    name = event["_record"].name
    text, args = str(event["event"]), event.pop("positional_args", None) or ()
    event["event"] = REPRESENTED.split(text)[0].strip() if name == "asyncio" else text.partition("\n")[0]
    event["logger"] = name
    if args:
        event["args"] = [_harmless(arg, name) for arg in (args if isinstance(args, tuple) else (args,))]
    return event


def _harmless(arg: object, logger: str) -> object:
    if arg is None or isinstance(arg, int | float) or (isinstance(arg, str) and logger.partition(".")[0] in BROKERS):
        return arg
    return type(arg).__name__
