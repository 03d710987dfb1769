"""Receiving the content of a batch: checked first, then streamed to the spool, then put in line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, TypeVar

import orjson
from anyio import to_thread
from fastapi import Request

from api.schemas.batches import BatchOut, SubmissionIn
from qa_engine.domain.errors import ConfigError
from qa_engine.domain.refusal import Invalid, Refusal, TooLarge, Unavailable
from qa_engine.service import Caller, Service
from qa_engine.services.admission import insist_on_room
from qa_engine.services.batch_options import intake_options
from qa_engine.services.batches import Submission, find_batch, new_batch_id, submit_batch
from qa_engine.services.idempotency import IdempotentRequest
from qa_engine.services.judging import Judging, choose_judging
from qa_engine.store.node import node_name
from qa_engine.store.spool import Spool, SpoolFull, SpoolTooLarge, SpoolWriter

Result = TypeVar("Result")
# Uploads being received at one time: each holds a file open and a part of it in memory.
MOST_UPLOADS: Final = 32
_PIECE: Final = 1 << 18
_BYTES_A_RECORD: Final = 2000
_GZIP_GAIN: Final = 6


class Uploads:
    """How many uploads this process is receiving."""

    running = 0


def uploads_of(request: Request) -> Uploads:
    """The count of this process, made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "uploads"):
        state.uploads = Uploads()
    uploads: Uploads = state.uploads
    return uploads


class Receiving:
    """One submission whose content comes with the request: checked first, then spooled, then put in line."""

    def __init__(
        self, service: Service, caller: Caller, said: SubmissionIn, filename: str, key: str | None
    ) -> None:
        self._service = service
        self._caller = caller
        self._said = said
        self._filename = filename
        self._key = key
        self._id = new_batch_id()
        self._spool = Spool(service.settings.spool, service.keyring)
        self._digest = hashlib.sha256()
        self._lines = 0
        self._head = b""
        self._judging: Judging | None = None

    def prepare(self) -> None:
        """Refuse what can be refused before the content is read."""
        insist_on_columns(self._said)
        with self._service.look(self._caller) as work:
            self._judging = choose_judging(work, self._said.scorecard, self._said.business_line)
            insist_on_room(work, self._service.settings.max_waiting_records)

    def writer(self) -> SpoolWriter:
        """Where the content goes."""
        return _told(lambda: self._spool.begin(self._id, self._service.settings.max_upload_bytes))

    def add(self, writer: SpoolWriter, piece: bytes) -> None:
        """Take a part of the content."""
        self._head = self._head or piece[:64]
        self._lines += piece.count(b"\n")
        self._digest.update(piece)
        _told(lambda: writer.add(piece))

    def submit(self, writer: SpoolWriter) -> tuple[BatchOut, bool]:
        """All is there: put it in line; returns the batch and whether it is new."""
        if not writer.size:
            raise Invalid("请求体是空的。", "The request body is empty.")
        assert self._judging is not None, "prepare first"
        _told(writer.finish)
        request = idempotent(
            f"batches.{type(self._said).__name__}", self._key, self._said, self._digest.hexdigest()
        )
        submission = Submission(
            id=self._id,
            name=self._said.name or self._filename,
            inputs=[self._filename],
            folder=None,
            expected=self._expected(writer.size),
            node=node_name(self._service.settings.home),
            read=self._said.reading(),
        )
        try:
            with self._service.work(self._caller) as work:
                most = self._service.settings.max_waiting_records
                done = submit_batch(work, self._judging, submission, most_waiting=most, request=request)
                taken = BatchOut.of(find_batch(work, done.id))
        except Refusal:
            self._spool.remove(self._id)
            raise
        if not done.fresh:
            self._spool.remove(self._id)
        return taken, done.fresh

    def _expected(self, size: int) -> int:
        if self._head.lstrip().startswith(b"{"):
            return max(1, self._lines)
        return guess(size, gzipped=self._head.startswith(b"\x1f\x8b"))


async def receive(request: Request, receiving: Receiving, writer: SpoolWriter) -> None:
    """Stream the body of a request to the spool.

    Raises:
        TooLarge, Unavailable: it is too big, or the disk is full.
        ClientDisconnect: the sender went away.
    """
    # Encrypting and writing block, so they have a thread; waiting for a slow sender holds none.
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) >= _PIECE:
            await to_thread.run_sync(receiving.add, writer, bytes(held))
            held.clear()
    if held:
        await to_thread.run_sync(receiving.add, writer, bytes(held))


def insist_on_columns(said: SubmissionIn) -> None:
    """Refuse column mappings to columns that are none of ours.

    Raises:
        Invalid: there is one.
    """
    try:
        intake_options(said.reading())
    except ConfigError as error:
        zh = f"{error.why}。{error.remedy}。"
        raise Invalid(zh, f"There is no column {error.key} to map to.", "column") from None


def guess(size: int, *, gzipped: bool) -> int:
    """How many records a file of so many bytes probably holds."""
    return max(1, size * (_GZIP_GAIN if gzipped else 1) // _BYTES_A_RECORD)


def idempotent(route: str, key: str | None, said: SubmissionIn, digest: str) -> IdempotentRequest | None:
    """What the idempotency key of a submission stands for; None without a key."""
    if key is None:
        return None
    return IdempotentRequest(route, key, orjson.dumps([said.model_dump(), digest]))


def _told(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except SpoolFull as error:
        raise Unavailable(str(error), "The server's disk is full; nothing was kept.", 60) from None
    except SpoolTooLarge as error:
        raise TooLarge(str(error), f"The upload is larger than {error.limit} bytes.") from None
