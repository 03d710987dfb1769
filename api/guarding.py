"""What every answer and every request is held to before any route: security headers, size of the body."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import refusal_response
from qa_engine.domain.refusal import TooLarge
from qa_engine.settings import Settings

UPLOADS: Final = frozenset({"/v1/batches/upload"})
# Answers of the API are data: nothing in them may ever run or be framed.
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # Addresses hold filters and ids: other sites are not told them.
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)
_HSTS = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """ASGI middleware that adds security headers where a route has not set its own.

    ``secure``: the service is reached over HTTPS only; browsers are then told to insist on it.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._always = {**_HEADERS, **({"Strict-Transport-Security": _HSTS} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_data = scope["path"].startswith("/v1/")

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._always.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", DATA_POLICY if is_data else PAGE_POLICY)
                if is_data:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded)


class BodyLimit:
    """ASGI middleware that refuses bodies that are too large, announced or not, without keeping them.

    Uploads are streamed to disk by their route and have a limit of their own.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._ordinary = settings.max_body_bytes
        self._upload = settings.max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._upload if scope["path"] in UPLOADS else self._ordinary
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await _refuse(scope, receive, send, limit)
            return
        counted = _Counted(receive, send, limit)
        with suppress(_BodyTooLarge):
            await self._app(scope, counted.receive, counted.send)
        if counted.exceeded and not counted.answering:
            await _refuse(scope, receive, send, limit)


class _BodyTooLarge(Exception):
    """Ends the reading of a body."""


class _Counted:
    """Counts what is received; once that is too much, whatever the route still answers is not sent."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self.exceeded = False
        self.answering = False

    async def receive(self) -> Message:
        """The next part of the body."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.exceeded = True
                raise _BodyTooLarge
        return message

    async def send(self, message: Message) -> None:
        """Pass on what is answered, unless the body was refused first."""
        if self.exceeded and not self.answering:
            return
        self.answering = True
        await self._send(message)


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    refusal = TooLarge(
        f"请求体超过上限 {_size(limit)}。", f"The request body is larger than the limit of {_size(limit)}."
    )
    response = refusal_response(Request(scope), refusal)
    # The rest of the body is still on its way: the connection cannot be used for another request.
    response.headers["Connection"] = "close"
    await response(scope, receive, send)


def _size(limit: int) -> str:
    for unit, size in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if limit >= size and limit % size == 0:
            return f"{limit // size} {unit}"
    return f"{limit} B"
