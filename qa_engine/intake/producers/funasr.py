"""FunASR: results of ``AutoModel.generate`` and of the HTTP runtime (both in ms).

``spk`` is 0 for every sentence when diarization failed; the label is passed on as it is and the frame
flags a single speaker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.wording import spans, timed_words, without_tags

# FunASR cuts at every comma; a longer pause is a real break even after a comma.
_LONGEST_BREATH_MS = 1000
_CONTINUES = ("，", ",", "、", "；", ";", "：", ":")


def whole_sentences(turns: Sequence[Turn]) -> list[Turn]:
    """Join pieces cut at a comma with what the same speaker says right after it."""
    whole: list[Turn] = []
    for turn in turns:
        if whole and _continues(whole[-1], turn):
            begun = whole[-1]
            text, words = begun.text + turn.text, begun.words + turn.words
            whole[-1] = replace(begun, text=text, words=words, end_ms=turn.end_ms)
        else:
            whole.append(turn)
    return whole


def _continues(begun: Turn, turn: Turn) -> bool:
    if begun.speaker_label != turn.speaker_label or begun.signals != turn.signals:
        return False
    if not begun.text.rstrip().endswith(_CONTINUES) or begun.end_ms is None or turn.start_ms is None:
        return False
    return 0 <= turn.start_ms - begun.end_ms <= _LONGEST_BREATH_MS


def spoken(
    text: str, start_ms: int | None, end_ms: int | None, times: Sequence[tuple[int, int]], label: str | None
) -> Turn:
    """Make a turn; SenseVoice tags move from the text to ``signals["emotion"]``."""
    words, emotion = without_tags(text)
    return Turn(
        speaker=Speaker.UNKNOWN,
        text=words,
        start_ms=start_ms,
        end_ms=end_ms,
        words=timed_words(words, times),
        speaker_label=label,
        signals=measured(emotion=emotion),
    )


def _sentence(sentence: FieldReader) -> Turn:
    # With spk_mode="vad_segment" the text stands under "sentence".
    key = "sentence" if sentence.has("sentence") and not sentence.has("text") else "text"
    times = spans(sentence.value.get("timestamp"), sentence.path_of("timestamp"))
    start, end = sentence.integer_ms("start"), sentence.integer_ms("end")
    return spoken(sentence.text(key), start, end, times, sentence.optional_label("spk"))


def _whole_text(result: FieldReader) -> list[Turn]:
    text = result.text("text")
    if not text.strip():
        return []
    times = spans(result.value.get("timestamp"), result.path_of("timestamp"))
    start, end = (times[0][0], times[-1][1]) if times else (None, None)
    return [spoken(text, start, end, times, None)]


def _read(value: object, path: str, sentences: str) -> Transcript:
    result = FieldReader(value, path)
    turns = whole_sentences([_sentence(item) for item in result.optional_objects(sentences)])
    # Without a punctuation model the list is empty although something was said.
    return call_of(turns or _whole_text(result), result.path_of(sentences), id=result.optional_label("key"))


def _is_result(value: object) -> bool:
    return isinstance(value, dict) and "key" in value and ("text" in value or "sentence_info" in value)


def _recognise(document: object) -> bool:
    if isinstance(document, list):
        return bool(document) and _is_result(document[0])
    return _is_result(document)


def _calls(document: object) -> Iterable[ReadCall]:
    if isinstance(document, list):
        return [partial(_read, item, f"[{i}]", "sentence_info") for i, item in enumerate(document)]
    return [partial(_read, document, "", "sentence_info")]


def _is_http(document: object) -> bool:
    return isinstance(document, dict) and {"text", "sentences"} <= document.keys()


def _http_calls(document: object) -> Iterable[ReadCall]:
    answer = FieldReader(document)
    if (answer.optional_integer("code") or 0) != 0:
        raise FieldProblem("code", "识别服务返回了错误码", "查看识别服务的日志后重新识别", "not_finished")
    return [partial(_read, document, "", "sentences")]


FUNASR = JsonProducer("funasr", _recognise, _calls)
FUNASR_HTTP = JsonProducer("funasr_http", _is_http, _http_calls)
