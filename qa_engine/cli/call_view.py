"""One call as it is shown, in the terminal and on a page: transcript and report put side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qa_engine.batch.labels import CAUSES, EMOTIONS, OUTCOMES, RESOLUTIONS, SPEAKERS, UNKNOWN, part_name
from qa_engine.cli.fragments import Fragment, Quote, Span, cut, quoted
from qa_engine.domain.report import CriterionResult, EmotionDrop, InspectionReport
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, CUSTOMER_ACTS
from qa_engine.domain.transcript import Transcript

# For every turn the spans to hide.
Masks = Sequence[Sequence[Span]]
# Finds them in a transcript; None: show everything as it was said.
Masker = Callable[[Transcript], Masks | None]
TONES = 8


@dataclass(frozen=True, slots=True)
class Tag:
    """A label on a turn; ``kind`` is act or fault. ``because``: earlier turns it rests on, from 0."""

    kind: str
    name: str
    confidence: float
    because: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DropView:
    """A fall of emotion in words; turns count from 0."""

    turn: int
    from_index: float
    to_index: float
    cause_turn: int | None
    cause: str
    recovered_turn: int | None

    @property
    def depth(self) -> float:
        """How many points were lost."""
        return self.from_index - self.to_index


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn. ``index`` counts from 0, people are shown ``index + 1``."""

    index: int
    speaker: str
    speaker_name: str
    time: str
    fragments: tuple[Fragment, ...]
    tags: tuple[Tag, ...]
    emotion: int | None
    emotion_name: str
    emotion_index: float | None
    drop: DropView | None
    causes: tuple[DropView, ...]
    recovers: tuple[DropView, ...]


@dataclass(frozen=True, slots=True)
class QuoteView:
    """Evidence under a criterion, as shown (masked where needed)."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One criterion with everything that explains it."""

    result: CriterionResult
    outcome_name: str
    points: str
    quotes: tuple[QuoteView, ...]
    looked_at: str
    looked_turns: tuple[tuple[int, int], ...]
    nearest: QuoteView | None
    similarity: float


@dataclass(frozen=True, slots=True)
class SectionView:
    """The criteria of a section; ``tone`` is the colour its evidence has in the conversation."""

    name: str
    tone: int
    criteria: tuple[CriterionView, ...]

    @property
    def failed(self) -> int:
        """How many items failed."""
        return sum(item.result.outcome is Outcome.FAILED for item in self.criteria)


@dataclass(frozen=True, slots=True)
class GroundView:
    """A verdict of the model and the turns it rests on."""

    name: str
    quotes: tuple[QuoteView, ...]


@dataclass(frozen=True, slots=True)
class CallView:
    """Everything a page or a terminal shows of one call."""

    transcript: Transcript
    report: InspectionReport
    name: str
    turns: tuple[TurnView, ...]
    sections: tuple[SectionView, ...]
    drops: tuple[DropView, ...]
    grounds: tuple[GroundView, ...]
    missing: tuple[tuple[str, str], ...]
    masked: bool


def view_call(
    transcript: Transcript,
    report: InspectionReport,
    section_names: Mapping[str, str],
    masks: Masks | None,
    name: str = "",
) -> CallView:
    """Put a transcript and its report side by side.

    ``section_names`` maps section keys to Chinese names; a section without one shows its key.
    ``masks`` None shows the original text. ``name`` is the id as people may see it (default: the id).
    """
    tones = {key: i % TONES for i, key in enumerate(dict.fromkeys(c.section for c in report.criteria))}
    quotes: dict[int, list[Quote]] = defaultdict(list)
    for item in report.criteria:
        for quote in item.evidence:
            quotes[quote.turn].append(Quote(quote.start, quote.end, item.key, tones[item.section]))
    hidden = masks if masks is not None else [()] * len(transcript.turns)
    drops = tuple(_drop(drop) for drop in report.emotion.drops)
    turns = _turns(transcript, report, drops, quotes, hidden)
    names = {item.key: item.name for item in report.criteria}
    grouped: dict[str, list[CriterionView]] = defaultdict(list)
    for item in report.criteria:
        near = _nearest(item, transcript, hidden)
        grouped[item.section].append(_criterion(item, turns, near, names))
    return CallView(
        transcript,
        report,
        name or report.transcript_id,
        turns,
        tuple(
            SectionView(section_names.get(key, key), tones[key], tuple(items))
            for key, items in grouped.items()
        ),
        drops,
        tuple(_grounds(transcript, report, hidden)),
        tuple((part_name(gap.what, names), gap.reason) for gap in report.not_evaluated),
        masks is not None,
    )


def _turns(
    transcript: Transcript,
    report: InspectionReport,
    drops: Sequence[DropView],
    quotes: Mapping[int, Sequence[Quote]],
    masks: Sequence[Sequence[Span]],
) -> tuple[TurnView, ...]:
    points = {point.turn: point for point in report.emotion.curve}
    tags: dict[int, list[Tag]] = defaultdict(list)
    for fault in report.attitude.faults:
        name = AGENT_FAULTS.get(fault.kind, fault.kind)
        tags[fault.turn].append(Tag("fault", name, fault.confidence, fault.because))
    for act in report.attitude.acts:
        name = AGENT_ACTS.get(act.act) or CUSTOMER_ACTS.get(act.act, act.act)
        tags[act.turn].append(Tag("act", name, act.confidence))
    views: list[TurnView] = []
    for index, turn in enumerate(transcript.turns):
        point = points.get(index)
        views.append(
            TurnView(
                index=index,
                speaker=turn.speaker.value,
                speaker_name=SPEAKERS[turn.speaker.value],
                time=clock(turn.start_ms),
                fragments=cut(turn.text, quotes.get(index, ()), masks[index]),
                tags=tuple(tags[index]),
                emotion=point.emotion if point else None,
                emotion_name=EMOTIONS[point.emotion] if point else "",
                emotion_index=point.index if point else None,
                drop=next((drop for drop in drops if drop.turn == index), None),
                causes=tuple(drop for drop in drops if drop.cause_turn == index),
                recovers=tuple(drop for drop in drops if drop.recovered_turn == index),
            )
        )
    return tuple(views)


def _drop(drop: EmotionDrop) -> DropView:
    cause = drop.cause
    told = CAUSES.get(cause.kind, cause.kind) if cause else ""
    if cause and cause.kind in AGENT_FAULTS:
        told = f"坐席{told}"
    return DropView(
        drop.turn,
        drop.from_index,
        drop.to_index,
        cause.turn if cause else None,
        told or "未找到明确诱因",
        drop.recovered_turn,
    )


def _nearest(item: CriterionResult, transcript: Transcript, masks: Masks) -> QuoteView | None:
    near = item.nearest
    if near is None:
        return None
    text = transcript.turns[near.turn].text
    start = text.find(near.quote)
    if start < 0:
        return QuoteView(near.turn, "")
    return _quote(transcript, masks, near.turn, start, start + len(near.quote))


def _grounds(transcript: Transcript, report: InspectionReport, masks: Masks) -> Iterator[GroundView]:
    status = RESOLUTIONS.get(report.resolution.status or "", UNKNOWN)
    complaint, review = report.complaint.evidence, report.review.evidence
    for name, spans in (
        (f"问题{status}", [(turn, 0, len(transcript.turns[turn].text)) for turn in report.resolution.turns]),
        ("客户投诉", [(quote.turn, quote.start, quote.end) for quote in complaint]),
        ("建议复核", [(quote.turn, quote.start, quote.end) for quote in review]),
    ):
        quotes = (_quote(transcript, masks, *span) for span in spans)
        told = tuple(quote for quote in quotes if quote.text.strip())
        if told:
            yield GroundView(name, told)


def _quote(transcript: Transcript, masks: Masks, turn: int, start: int, end: int) -> QuoteView:
    place = Quote(start, end, "ground", 0)
    return QuoteView(turn, quoted(cut(transcript.turns[turn].text, [place], masks[turn]), place.mark))


def _criterion(
    item: CriterionResult, turns: Sequence[TurnView], nearest: QuoteView | None, names: Mapping[str, str]
) -> CriterionView:
    quotes = tuple(
        QuoteView(turn, quoted(turns[turn].fragments, item.key))
        for turn in dict.fromkeys(quote.turn for quote in item.evidence)
    )
    return CriterionView(
        result=item,
        outcome_name=OUTCOMES[item.outcome.value],
        points=_points(item, names),
        quotes=quotes,
        looked_at="、".join(_range(span.from_turn, span.to_turn) for span in item.looked_at),
        looked_turns=tuple((span.from_turn, span.to_turn) for span in item.looked_at),
        nearest=nearest,
        similarity=item.nearest.similarity if item.nearest else 0.0,
    )


def _points(item: CriterionResult, names: Mapping[str, str]) -> str:
    if item.deducted_in:
        return f"已在「{names.get(item.deducted_in, item.deducted_in)}」扣分"
    if item.outcome is Outcome.NOT_APPLICABLE:
        return "—"
    if item.outcome is Outcome.NOT_EVALUATED:
        return f"0–{_short(item.max)}" if item.scoring == "deduct" else "—"
    if item.scoring == "add":
        return f"+{_short(item.earned)}"
    return f"{_short(item.earned)} / {_short(item.max)}"


def _short(points: float) -> str:
    # Shared-out weights have long tails; one decimal is what people compare.
    return f"{round(points, 1):g}"


def _range(first: int, last: int) -> str:
    return f"第 {first + 1} 句" if first == last else f"第 {first + 1}–{last + 1} 句"


def clock(ms: int | None) -> str:
    """Say a time in the recording as minutes and seconds."""
    if ms is None:
        return ""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
