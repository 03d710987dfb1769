"""What all producers share: one reader shape, and the way from turns to a ``Transcript``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import (
    Channel,
    Origin,
    Speaker,
    Transcript,
    Turn,
    UnitSource,
)
from qa_engine.intake.base import FieldProblem

ReadCall = Callable[[], Transcript]


@dataclass
class JsonProducer:
    """A ``FormatReader`` made of two functions.

    Attributes:
        name: the producer's key, e.g. ``funasr``.
        recognise: decides by keys only.
        calls: splits a recognised document into one function per call; both it and those
            functions may raise ``FieldProblem``, which ends that call and no other.
    """

    name: str
    recognise: Callable[[object], bool]
    calls: Callable[[object], Iterable[ReadCall]]

    def matches(self, document: object) -> bool:
        """Decide by keys only whether ``document`` is this producer's."""
        return self.recognise(document)

    def parse(self, document: object, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield every call of the document, or the error in its place."""
        first = replace(origin, producer=self.name)
        try:
            calls = list(self.calls(document))
        except FieldProblem as problem:
            yield problem.at(first)
            return
        for number, read in enumerate(calls):
            yield read_placed(read, replace(first, record=first.record + number))


def read_placed(read: ReadCall, origin: Origin) -> Transcript | IntakeError:
    """Read one call; a field problem becomes an error value at ``origin``."""
    try:
        return replace(read(), origin=origin)
    except FieldProblem as problem:
        return problem.at(origin)


def call_of(
    turns: Sequence[Turn],
    path: str,
    *,
    id: str | None = None,
    channel: Channel = Channel.VOICE,
    started_at: str | None = None,
    agent: Agent | None = None,
    customer: Customer | None = None,
    attributes: Mapping[str, object] | None = None,
    duration_ms: int | None = None,
) -> Transcript:
    """Make the transcript of one call.

    ``path`` names the field that holds the sentences. Roles count as given when the producer named
    at least one agent or customer; what is left UNKNOWN then is for the frame to settle or to flag.

    Raises:
        FieldProblem: there is no turn at all.
    """
    if not turns:
        raise FieldProblem(path, "没有任何一句话", "确认录音已转写成功、不是空录音", "no_turns")
    given = any(turn.speaker in (Speaker.AGENT, Speaker.CUSTOMER) for turn in turns)
    timed = any(turn.start_ms is not None for turn in turns)
    unit_source: UnitSource = "format" if timed else "none"
    return Transcript(
        id=id or "",
        turns=tuple(turns),
        channel=channel,
        started_at=started_at,
        agent=agent or Agent(),
        customer=customer or Customer(),
        attributes=measured(**(attributes or {})),
        duration_ms=duration_ms,
        role_source="given" if given else "unknown",
        unit_source=unit_source,
    )


def measured(**values: object) -> dict[str, object]:
    """Return the values that were really delivered (not None)."""
    return {key: value for key, value in values.items() if value is not None}


def merged_by_time(turns: Sequence[Turn]) -> list[Turn]:
    """Bring turns of several audio channels into one order; turns without a time keep their place last."""
    return sorted(turns, key=lambda turn: (turn.start_ms is None, turn.start_ms or 0))


def channel_count(turns: Sequence[Turn]) -> int | None:
    """Count the audio channels named by the labels; None for a single one."""
    channels = {turn.speaker_label for turn in turns}
    return len(channels) if len(channels) > 1 else None
