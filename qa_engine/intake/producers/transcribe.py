"""Amazon Transcribe without analytics: a stream of items, seconds written as strings.

Punctuation items have no times. Turns come from ``audio_segments``, else from ``speaker_labels``, else
from the pauses within each audio channel.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from qa_engine.domain.transcript import Transcript, Turn, Word
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, merged_by_time
from qa_engine.intake.producers.roles import role_of
from qa_engine.intake.producers.wording import join_pieces

# Where nothing else tells turns apart: a pause at which people hear a new utterance begin.
_PAUSE_MS = 800


@dataclass(frozen=True)
class _Item:
    id: str | None
    text: str
    start_ms: int | None
    end_ms: int | None
    confidence: float | None
    label: str | None
    path: str

    @property
    def is_punctuation(self) -> bool:
        return self.start_ms is None


def _item(fields: FieldReader) -> _Item:
    best = fields.objects("alternatives")
    if not best:
        raise FieldProblem(fields.path_of("alternatives"), "没有识别内容", "按原样导出结果", "missing_field")
    punctuation = fields.optional_text("type") == "punctuation"
    return _Item(
        id=fields.optional_label("id"),
        text=best[0].text("content"),
        start_ms=None if punctuation else fields.integer_ms("start_time", "s"),
        end_ms=None if punctuation else fields.integer_ms("end_time", "s"),
        confidence=best[0].optional_number("confidence"),
        label=fields.optional_label("speaker_label"),
        path=fields.path,
    )


def _turn(items: Sequence[_Item], label: str | None, times: tuple[int, int] | None = None) -> Turn:
    words = [item for item in items if not item.is_punctuation]
    start, end = times or (words[0].start_ms, words[-1].end_ms)
    return Turn(
        speaker=role_of(label),
        text=join_pieces(item.text for item in items),
        start_ms=start,
        end_ms=end,
        words=tuple(Word(item.text, item.start_ms, item.end_ms, item.confidence) for item in words),
        speaker_label=label,
    )


def _by_pause(items: Sequence[_Item], label: str | None) -> list[Turn]:
    groups: list[list[_Item]] = []
    last_end: int | None = None
    for item in items:
        paused = not item.is_punctuation and (
            last_end is None or (item.start_ms or 0) - last_end >= _PAUSE_MS
        )
        if paused or not groups:
            groups.append([])
        groups[-1].append(item)
        last_end = item.end_ms if item.end_ms is not None else last_end
    return [_turn(group, label) for group in groups if not all(item.is_punctuation for item in group)]


def _by_audio_segments(results: FieldReader, items: Sequence[_Item]) -> list[Turn]:
    by_id = {item.id: item for item in items}
    turns = []
    for segment in results.objects("audio_segments"):
        own = [by_id[key] for key in map(str, segment.optional_array("items")) if key in by_id]
        words = tuple(Word(i.text, i.start_ms, i.end_ms, i.confidence) for i in own if not i.is_punctuation)
        label = segment.optional_label("speaker_label") or segment.optional_label("channel_label")
        times = segment.integer_ms("start_time", "s"), segment.integer_ms("end_time", "s")
        text = segment.text("transcript")
        turns.append(Turn(role_of(label), text, times[0], times[1], words, label))
    return merged_by_time(turns)


def _by_speaker(labels: FieldReader, items: Sequence[_Item]) -> list[Turn]:
    segments = labels.objects("segments")
    bounds = [(s.integer_ms("start_time", "s"), s.integer_ms("end_time", "s")) for s in segments]
    order = sorted(range(len(bounds)), key=lambda n: bounds[n])
    begins = [bounds[n][0] for n in order]
    members: list[list[_Item]] = [[] for _ in segments]
    current = 0
    for item in items:
        if not item.is_punctuation:
            # Where segments overlap, the one that began last has the word.
            at = bisect_right(begins, item.start_ms or 0) - 1
            while at >= 0 and bounds[order[at]][1] < (item.start_ms or 0):
                at -= 1
            if at < 0:
                raise FieldProblem(
                    f"{item.path}.start_time", "这个词不在任何说话人片段里", "重新识别该录音", "bad_time"
                )
            current = order[at]
        if segments:
            members[current].append(item)
    return [
        _turn(own, segment.label("speaker_label"), times)
        for own, segment, times in zip(members, segments, bounds, strict=True)
        if own
    ]


def _read(document: object) -> Transcript:
    job = FieldReader(document)
    status = job.optional_text("status")
    if status not in (None, "COMPLETED"):
        raise FieldProblem("status", "转写任务没有完成", "等任务完成后重新取结果", "not_finished")
    results = job.object("results")
    items = [_item(item) for item in results.objects("items")]
    channels = results.optional_object("channel_labels")
    attributes: dict[str, object] = {"language": results.optional_text("language_code")}
    if channels is not None:
        attributes["channels"] = len(channels.objects("channels"))
    if results.optional_array("audio_segments"):
        turns = _by_audio_segments(results, items)
    elif channels is not None:
        turns = merged_by_time(
            [
                turn
                for channel in channels.objects("channels")
                for turn in _by_pause(
                    [_item(item) for item in channel.objects("items")], channel.label("channel_label")
                )
            ]
        )
    elif (labels := results.optional_object("speaker_labels")) is not None:
        turns = _by_speaker(labels, items)
    else:
        turns = _by_pause(items, None)
    return call_of(turns, "results.items", id=job.optional_label("jobName"), attributes=attributes)


def _recognise(document: object) -> bool:
    results = document.get("results") if isinstance(document, dict) else None
    return isinstance(results, dict) and "items" in results and "transcripts" in results


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


TRANSCRIBE = JsonProducer("transcribe", _recognise, _calls)
