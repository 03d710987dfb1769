"""Structured logs: one JSON object a line on standard error, never with customer text.

Texts of exceptions are left out on purpose: a parser or a driver may quote in them what it was given.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

_ROOT = Path(__file__).resolve().parent.parent
# Some libraries write the whole traceback, message included, into what they say.
_TRACEBACK = "Traceback (most recent call last)"
_Event = MutableMapping[str, Any]
# What these say of every request we say ourselves, with the request's id.
_QUIET = ("uvicorn.access", "httpx", "httpx2", "httpcore", "httpcore2", "alembic")


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send our own and all libraries' log records as JSON lines to ``stream`` (standard error)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_messages,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        other = logging.getLogger(name)
        if other.handlers:
            other.handlers, other.propagate = [], True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def quieten_access() -> None:
    """Silence the server's own access log: it writes addresses, and filters in them name people."""
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


def without_messages(_logger: object, _method: str, event: _Event) -> _Event:
    """Replace an exception by its kind and the places it went through."""
    said = event.get("event")
    if isinstance(said, str) and _TRACEBACK in said:
        event["event"] = said[: said.index(_TRACEBACK)].strip() or "traceback left out"
    told = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if told is None or told is False:
        return event
    if isinstance(told, BaseException):
        error: BaseException | None = told
    elif isinstance(told, tuple):
        error = told[1]
    else:
        error = sys.exc_info()[1]
    if error is not None:
        event.update(told_of(error))
    return event


def told_of(error: BaseException) -> dict[str, Any]:
    """What may be logged of an exception: its kind and the places it went through.

    Logged as fields and never as ``exc_info``: a logger that nobody configured renders the message, and some
    even the local variables of every frame.
    """
    return {"error": _kinds(error), "at": places(error.__traceback__)}


def _kinds(error: BaseException) -> str:
    names: list[str] = []
    current: BaseException | None = error
    while current is not None and len(names) < 8:
        kind = type(current)
        names.append(f"{kind.__module__}.{kind.__qualname__}")
        current = current.__cause__ or current.__context__
    return " < ".join(names)


def places(trace: TracebackType | None) -> list[str]:
    """The frames of a traceback as ``file:line function``, innermost last: all of ours, a few of others."""
    frames = traceback.extract_tb(trace)
    kept = [f for i, f in enumerate(frames) if _is_ours(f.filename) or i >= len(frames) - 8]
    return [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in kept[-30:]]


def _is_ours(name: str) -> bool:
    path = Path(name)
    return path.is_relative_to(_ROOT) and not {".venv", "site-packages"} & set(path.parts)


def _short(name: str) -> str:
    path = Path(name)
    if _is_ours(name):
        return str(path.relative_to(_ROOT))
    parts = path.parts
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") + 1 :])
    return path.name
