"""Picking one call out of inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qa_engine.cli.words import stderr, tell
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs


class CallNotFound(QAEngineError):
    """The call that was asked for is not there."""


def readable(inputs: list[str], reading: IntakeOptions) -> Iterator[Transcript]:
    """Yield the transcripts of inputs; what cannot be read is told on standard error."""
    for item in read_inputs(inputs, reading):
        if isinstance(item, Transcript):
            yield item
        else:
            tell(stderr, f"跳过一条读不了的记录：{item}", "yellow")


def find_call(items: Iterable[Transcript], wanted: str, where: str) -> Transcript:
    """Find a call by id, else by position (from 1).

    Raises:
        CallNotFound: neither fits.
    """
    nth = None
    for number, item in enumerate(items, 1):
        # An id wins over a position, wherever in the file it stands.
        if item.id == wanted:
            return item
        if str(number) == wanted:
            nth = item
    if nth is None:
        raise CallNotFound(f"{where} 里没有会话“{wanted}”。处理办法：检查编号，或写第几通（从 1 起）。")
    return nth
