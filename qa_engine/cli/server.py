"""The HTTP server: listens where it is told, and leaves without closing the door on anybody."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

from qa_engine.domain.errors import QAEngineError


class AddressTaken(QAEngineError):
    """Nothing can listen at this address."""


class Server(uvicorn.Server):
    """A server that says it is leaving before it stops listening, so that no request meets a closed door."""

    def __init__(
        self, config: uvicorn.Config, begin: Callable[[], None], leave: Callable[[], None], drain_s: float
    ) -> None:
        super().__init__(config)
        self._begin, self._leave, self._drain_s = begin, leave, drain_s
        self._until: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the service, then say so."""
        await super().startup(sockets)
        if not self.should_exit:
            await asyncio.to_thread(self._begin)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """At the first signal begin to leave; at a second one stop listening at once."""
        first = self._until is None
        super().handle_exit(sig, frame)
        if first and self.started:
            self._leave()
            self._until = time.monotonic() + self._drain_s
            self.should_exit = False

    async def on_tick(self, counter: int) -> bool:
        """Stop listening once everybody has had time to see that we leave."""
        if self._until is not None and time.monotonic() >= self._until:
            self.should_exit = True
        return await super().on_tick(counter)


def listen(host: str, port: int) -> socket.socket:
    """Take an address; connections are accepted once a server runs on it.

    Raises:
        AddressTaken: it is in use, or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, UnicodeError) as error:
        raise AddressTaken(
            f"无法在 {host}:{port} 上监听：端口已被占用，或地址不对。处理办法：用 --port 换一个端口。"
        ) from error
    return listening
