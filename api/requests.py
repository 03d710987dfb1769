"""The outermost layer of every request: its id, its log line, its counters, and the last word on failures."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import failure_response, problem
from api.instruments import Instruments
from qa_engine.logs import told_of

HEADER = "X-Request-ID"
NO_ROUTE = "(none)"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger("qa_engine.api")


class RequestLayer:
    """ASGI middleware around everything else.

    Gives each request an id (the caller's own ``X-Request-ID`` if it is a plain word), answers what broke
    with the id alone, and logs route, status, time and actor. Bodies, paths and query strings are never
    logged: they may hold names and numbers of customers.
    """

    def __init__(self, app: ASGIApp, instruments: Instruments) -> None:
        self._app = app
        self._instruments = instruments

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request_id = _id_of(request)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        began = time.perf_counter()
        self._instruments.in_flight.inc()
        try:
            if _holds_nul(scope):
                refused = problem(
                    request, 422, "invalid", "地址里不能有 NUL 字符。", "The address must hold no NUL."
                )
                await refused(scope, receive, answer.send)
            else:
                await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last boundary
            # Told by its id to the caller, by its place to the log.
            log.error("request.failed", request_id=request_id, route=route_of(scope), **told_of(error))
            if answer.status is not None:
                # Half an answer is out: only a broken connection tells that it is not whole.
                raise _CutOff from None
            await failure_response(request)(scope, receive, answer.send)
        finally:
            self._instruments.in_flight.dec()
            self._tell(scope, answer, time.perf_counter() - began)

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = route_of(scope)
        # 499: the caller went away before there was an answer.
        status = answer.status or 499
        self._instruments.count(method, route, status, seconds)
        log.info(
            "request",
            request_id=answer.request_id,
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            bytes=answer.bytes,
            actor=actor_of(scope),
        )


class _CutOff(Exception):
    """An answer ended before it was whole; what broke has been logged already."""


class _Answer:
    """Watches what is sent back, and adds the request's id."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status: int | None = None
        self.bytes = 0

    async def send(self, message: Message) -> None:
        """Pass on one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (HEADER.lower().encode(), self.request_id.encode())]
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def route_of(scope: Scope) -> str:
    """The template of the route that answers, e.g. ``/v1/reports/{report_id}``."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", NO_ROUTE))


def actor_of(scope: Scope) -> str | None:
    """Who asks, e.g. ``user:7``; None when nobody logged in."""
    caller: Any = scope.get("state", {}).get("caller")
    return None if caller is None else str(caller.principal.actor)


def _id_of(request: Request) -> str:
    given = request.headers.get(HEADER, "")
    return given if _GIVEN.fullmatch(given) else uuid.uuid4().hex


def _holds_nul(scope: Scope) -> bool:
    return "\0" in scope["path"] or b"%00" in scope.get("query_string", b"")
