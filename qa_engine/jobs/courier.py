"""Sending events to webhooks: signed, to a checked address, within a fixed time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import structlog
from sqlalchemy.exc import DBAPIError
from standardwebhooks import Webhook

from qa_engine import __version__
from qa_engine.domain.web_address import UnusableAddress, WebAddress, insist_on_public, parse_address
from qa_engine.jobs.transactions import DatabaseLost, settled
from qa_engine.service import Service
from qa_engine.services.deliveries import Answer, Letter, settle, take_due
from qa_engine.services.work import Work

AT_ONCE = 16
# For one delivery as a whole, from the name's resolution to the head of the answer.
DEADLINE_S = 20.0
_IDLE_S = 0.5
_log = structlog.get_logger("qa_engine.jobs")


class Courier:
    """A thread that sends whatever deliveries are due, many at once."""

    def __init__(self, service: Service, deadline_s: float = DEADLINE_S) -> None:
        self._service = service
        self._deadline_s = deadline_s
        self._trust = ssl.create_default_context()
        if service.settings.webhook_ca_file is not None:
            self._trust.load_verify_locations(service.settings.webhook_ca_file)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook-courier", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being sent, and end."""
        self._stopping.set()
        self._thread.join(self._deadline_s + 1)

    def deliver_due(self) -> int:
        """Send what is due now, at most ``AT_ONCE``; returns how many were tried.

        Raises:
            DatabaseLost: deliveries that were sent may be sent again.
        """
        letters: list[Letter] = settled(self._service, lambda work: take_due(work, AT_ONCE))
        if not letters:
            return 0
        answers = asyncio.run(self._send_all(letters))
        settled(self._service, lambda work: _note(work, letters, answers))
        return len(letters)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                tried = self.deliver_due()
            except (DatabaseLost, DBAPIError) as error:
                # The worker itself notices and ends; until then there is nothing to send.
                _log.warning("courier.failed", kind=type(error).__name__)
                tried = 0
            if not tried:
                self._stopping.wait(_IDLE_S)

    async def _send_all(self, letters: Sequence[Letter]) -> list[Answer]:
        # No proxy and no netrc from the environment; redirects would lead past the check of the address.
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
        async with httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=self._deadline_s,
            limits=limits,
            verify=self._trust,
        ) as client:
            sending = [self._send(client, letter) for letter in letters]
            answers = await asyncio.gather(*sending, return_exceptions=True)
        # One that breaks us in a way nobody thought of must not keep the others from being sent.
        return [a if isinstance(a, Answer) else _unforeseen(a) for a in answers]

    async def _send(self, client: httpx.AsyncClient, letter: Letter) -> Answer:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._post(client, letter)
        except UnusableAddress as error:
            return Answer(error=str(error))
        except (TimeoutError, httpx.TimeoutException):
            return Answer(error="timeout")
        except socket.gaierror:
            return Answer(error="name_not_resolved")
        except UnicodeError:
            # A label of the name is longer than names may be.
            return Answer(error="address_malformed")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(error=_kind_of(error))

    async def _post(self, client: httpx.AsyncClient, letter: Letter) -> Answer:
        private = self._service.settings.webhook_private
        address = parse_address(letter.url, private=private)
        at = await _resolve(address)
        if not private:
            insist_on_public(at)
        headers = {"Host": address.authority, **signed_headers(letter, datetime.now(UTC))}
        for ip in at[:-1]:
            # A name often has addresses of a kind this network does not reach.
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await _post_to(client, address, ip, letter.body, headers)
        return await _post_to(client, address, at[-1], letter.body, headers)


async def _post_to(
    client: httpx.AsyncClient, address: WebAddress, ip: str, body: bytes, headers: dict[str, str]
) -> Answer:
    host = f"[{ip}]" if ":" in ip else ip
    request = client.build_request(
        "POST",
        f"{address.scheme}://{host}:{address.port}{address.target}",
        content=body,
        headers=headers,
        # The certificate must be the name's, although the number is connected to.
        extensions={"sni_hostname": address.host.rstrip(".")},
    )
    response = await client.send(request, stream=True)
    with contextlib.suppress(httpx.HTTPError):
        await response.aclose()
    return Answer(status=response.status_code)


def signed_headers(letter: Letter, now: datetime) -> dict[str, str]:
    """The headers by which a receiver checks sender and age, as the Standard Webhooks specification says."""
    return {
        "Content-Type": "application/json",
        "User-Agent": f"qa-engine/{__version__}",
        "webhook-id": letter.event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(letter.secret).sign(letter.event_id, now, letter.body.decode()),
    }


async def _resolve(address: WebAddress) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _unforeseen(error: BaseException) -> Answer:
    _log.error("courier.unforeseen", kind=type(error).__name__)
    return Answer(error="internal_error")


def _kind_of(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls_failed"
        cause = cause.__cause__ or cause.__context__
    return "connect_failed" if isinstance(error, httpx.ConnectError | OSError) else "broken_off"


def _note(work: Work, letters: Sequence[Letter], answers: Sequence[Answer]) -> None:
    for letter, answer in zip(letters, answers, strict=True):
        settle(work, letter, answer)
