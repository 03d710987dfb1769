"""Times as tables and texts write them: numbers, clocks (00:01:02.5) and dates, turned into ms offsets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from typing import Literal

from qa_engine.intake.fields import FieldProblem, TimeUnit, checked_ms, checked_number

CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,6}))?", re.ASCII)
DATE = re.compile(
    r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?[ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
# The slowest and fastest speech (characters a second) under which a unit is believed.
_BELIEVABLE = (0.5, 15.0)


@dataclass(frozen=True, slots=True)
class TimeCell:
    """One written time: a ``clock`` offset (ms), a ``date`` (epoch ms) or a bare ``number``."""

    kind: Literal["clock", "date", "number"]
    value: Decimal


@dataclass(frozen=True, slots=True)
class Spans:
    """Start and end of every turn in ms, how the unit became known, and when the call began if dated."""

    spans: list[tuple[int | None, int | None]]
    unit: Literal["declared", "format", "detected", "undetected", "none"]
    started_at: str | None = None


def read_time(text: str, path: str) -> TimeCell | None:
    """Read one cell; None when it is blank.

    Raises:
        FieldProblem: not a time.
    """
    text = text.strip()
    if not text:
        return None
    if clock := CLOCK.fullmatch(text):
        hours, minutes, seconds, fraction = clock.groups()
        whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
        return TimeCell("clock", Decimal(whole * 1000) + Decimal(f"0.{fraction or 0}") * 1000)
    if DATE.fullmatch(text):
        written = re.sub(r"[/年月]", "-", text).replace("日", "")
        date, _, clock_text = written.replace("T", " ").partition(" ")
        padded = "-".join(part.zfill(2) for part in date.split("-")) + "T" + clock_text.rjust(5, "0")
        if len(clock_text.split(":")[0]) == 1:
            padded = padded.replace("T", "T0", 1) if not padded.split("T")[1].startswith("0") else padded
        try:
            moment = datetime.fromisoformat(padded)
        except ValueError:
            raise _no_time(path) from None
        # Only differences matter, so a date without a zone may be taken as UTC.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return TimeCell("date", Decimal(round(moment.timestamp() * 1000)))
    try:
        return TimeCell("number", checked_number(text, path))
    except FieldProblem:
        raise _no_time(path) from None


def _no_time(path: str) -> FieldProblem:
    return FieldProblem(
        path, "不是可识别的时间", "写成毫秒数、秒数、时:分:秒 或 年-月-日 时:分:秒", "bad_time"
    )


def offsets(
    cells: Sequence[tuple[TimeCell | None, TimeCell | None]],
    texts: Sequence[str],
    unit: TimeUnit | None,
    paths: Sequence[str],
) -> Spans:
    """Turn the written times of one call into ms from its start.

    Args:
        cells: (start, end) of every turn.
        texts: the turns, whose length tells a plausible unit when none is stated.
        unit: the stated unit of bare numbers.
        paths: where each turn stands, for error messages.

    Raises:
        FieldProblem: negative or absurd times, or kinds of writing mixed in one call.
    """
    written = [cell for pair in cells for cell in pair if cell is not None]
    if not written:
        return Spans([(None, None)] * len(cells), "none")
    kinds = {cell.kind for cell in written}
    if len(kinds) > 1:
        raise FieldProblem(paths[0], "同一通会话里的时间写法不一致", "统一成一种写法", "bad_time")
    first = min(cell.value for cell in written)
    kind = kinds.pop()
    if kind == "date":
        started = datetime.fromtimestamp(float(first) / 1000, UTC).isoformat(timespec="seconds")
        spans = _scaled(cells, "ms", first, paths)
        return Spans(spans, "format", started.removesuffix("+00:00"))
    if kind == "clock":
        return Spans(_scaled(cells, "ms", Decimal(0), paths), "format")
    if first >= 10**9:  # seconds or milliseconds since 1970
        return Spans(_scaled(cells, "s" if first < 10**11 else "ms", first, paths), "format")
    if unit is not None:
        return Spans(_scaled(cells, unit, Decimal(0), paths), "declared")
    guessed = _guess_unit(cells, texts)
    if guessed is None:
        return Spans([(None, None)] * len(cells), "undetected")
    return Spans(_scaled(cells, guessed, Decimal(0), paths), "detected")


def _scaled(
    cells: Sequence[tuple[TimeCell | None, TimeCell | None]],
    unit: TimeUnit,
    zero: Decimal,
    paths: Sequence[str],
) -> list[tuple[int | None, int | None]]:
    def scaled(cell: TimeCell | None, path: str) -> int | None:
        return None if cell is None else checked_ms(cell.value - zero, path, unit)

    return [(scaled(a, path), scaled(b, path)) for (a, b), path in zip(cells, paths, strict=True)]


def _guess_unit(
    cells: Sequence[tuple[TimeCell | None, TimeCell | None]], texts: Sequence[str]
) -> TimeUnit | None:
    """Choose between ms and s by the speed of speech; None when neither is believable."""
    lengths = [
        (len(text.strip()), b.value - a.value)
        for (a, b), text in zip(cells, texts, strict=True)
        if a is not None and b is not None and b.value > a.value and len(text.strip()) >= 2
    ]
    if not lengths:
        starts = [a.value for a, _ in cells if a is not None]
        lengths = [
            (len(text.strip()), later - earlier)
            for text, earlier, later in zip(texts, starts, starts[1:], strict=False)
            if later > earlier and text.strip()
        ]
    if not lengths:
        return None
    rate = median(size / float(span) for size, span in lengths)
    slowest, fastest = _BELIEVABLE
    if slowest / 5 <= rate <= fastest * 2:
        return "s"
    return "ms" if slowest / 5 <= rate * 1000 <= fastest * 2 else None
