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


def find_call(items: Iterable[Transcript], wanted: str | None, where: str) -> Transcript:
    """Find a call by id, else by position (from 1); None takes the first and tells if there are more.

    Raises:
        CallNotFound: neither fits.
    """
    nth, count = None, 0
    for number, item in enumerate(items, 1):
        count = number
        # An id wins over a position, wherever in the file it stands.
        if item.id == wanted:
            return item
        if str(number) == (wanted or "1"):
            nth = item
    if wanted is None and count > 1:
        tell(stderr, f"这是第 1 通 / 共 {count:,} 通，用 --call 选择别的（编号或第几通）。", "yellow")
    if nth is None and wanted is None:
        raise CallNotFound(f"{where} 里没有读得了的会话。处理办法：检查上面列出的原因。")
    if nth is None:
        raise CallNotFound(f"{where} 里没有会话“{wanted}”。处理办法：检查编号，或写第几通（从 1 起）。")
    return nth
