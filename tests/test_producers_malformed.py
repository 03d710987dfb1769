"""Broken producer files: the error names the field, nothing is read by halves, other calls go on."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from test_producers import FIXTURES, FORMATS, TURNS

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Transcript
from qa_engine.intake.producers import READERS, TEXT_READERS

ORIGIN = Origin(file="录音.json", producer="?", record=3)
REMOVED = object()

# fixture, path to change, new value, expected field, expected code
BROKEN: list[tuple[str, str, object, str, str]] = [
    (
        "funasr_automodel.json",
        "[0].sentence_info[1].start",
        REMOVED,
        "[0].sentence_info[1].start",
        "missing_field",
    ),
    ("funasr_automodel.json", "[0].sentence_info[1].end", None, "[0].sentence_info[1].end", "missing_field"),
    (
        "funasr_automodel.json",
        "[0].sentence_info[1].text",
        REMOVED,
        "[0].sentence_info[1].text",
        "missing_field",
    ),
    ("funasr_automodel.json", "[0].sentence_info[1].text", 5, "[0].sentence_info[1].text", "wrong_type"),
    ("funasr_automodel.json", "[0].sentence_info[2]", "话", "[0].sentence_info[2]", "wrong_type"),
    ("funasr_automodel.json", "[0].sentence_info", {}, "[0].sentence_info", "wrong_type"),
    ("funasr_automodel.json", "[0].sentence_info[0].spk", [0], "[0].sentence_info[0].spk", "wrong_type"),
    (
        "funasr_automodel.json",
        "[0].sentence_info[0].timestamp[1]",
        [1],
        "[0].sentence_info[0].timestamp[1]",
        "wrong_type",
    ),
    ("funasr_vad_segment.json", "[0].sentence_info[4].start", -1, "[0].sentence_info[4].start", "bad_time"),
    ("funasr_vad_segment.json", "[0]", {"key": "k", "text": "  "}, "[0].sentence_info", "no_turns"),
    ("funasr_http.json", "code", 7, "code", "not_finished"),
    ("funasr_http.json", "sentences[3].end", "很久", "sentences[3].end", "wrong_type"),
    ("funasr_ws_offline.json", "timestamp", "[[100,200", "timestamp", "wrong_type"),
    ("funasr_ws_offline.json", "stamp_sents[0].text_seg", None, "stamp_sents[0].text_seg", "missing_field"),
    ("funasr_ws_2pass.json", "[5].mode", "3pass", "[5].mode", "bad_value"),
    ("funasr_ws_2pass.json", "[5].wav_name", REMOVED, "[5].wav_name", "missing_field"),
    ("verbose_json.json", "segments[2].start", None, "segments[2].start", "missing_field"),
    ("whisperx.json", "segments[2].end", "NaN", "segments[2].end", "wrong_type"),
    ("whisperx.json", "segments[0].words[1].start", {}, "segments[0].words[1].start", "wrong_type"),
    ("whisperx.json", "segments", [], "segments", "no_turns"),
    ("sca_upload.json", "tickets[0].dialogue", None, "tickets[0].dialogue", "missing_field"),
    ("sca_upload.json", "tickets[0].dialogue", [], "tickets[0].dialogue", "no_turns"),
    (
        "sca_upload.json",
        "tickets[0].dialogue[1].begin",
        REMOVED,
        "tickets[0].dialogue[1].begin",
        "missing_field",
    ),
    ("sca_upload.json", "tickets[0].dialogue[1].words", 1, "tickets[0].dialogue[1].words", "wrong_type"),
    (
        "sca_upload.json",
        "tickets[0].dialogue[0].beginTime",
        "昨天",
        "tickets[0].dialogue[0].beginTime",
        "bad_time",
    ),
    (
        "sca_upload.json",
        "tickets[0].dialogue[0].beginTime",
        "0001-01-01 00:00:00",
        "tickets[0].dialogue[0].beginTime",
        "bad_time",
    ),
    ("sca_upload.json", "tickets[0].caller", "4\x00", "tickets[0].caller", "nul_character"),
    ("sca_upload.json", "tickets[0].callStartTime", 1709602200, "tickets[0].callStartTime", "bad_time"),
    (
        "sca_result.json",
        "Data.ResultInfo[0].AsrResult.AsrResult[2].Begin",
        None,
        "Data.ResultInfo[0].AsrResult.AsrResult[2].Begin",
        "missing_field",
    ),
    (
        "sca_result_flat.json",
        "ResultInfo.AsrResult[2].Words",
        None,
        "ResultInfo.AsrResult[2].Words",
        "missing_field",
    ),
    (
        "sca_result_flat.json",
        "ResultInfo.Recording.CallTime",
        "x",
        "ResultInfo.Recording.CallTime",
        "bad_time",
    ),
    ("aliyun_live.json", "[4].begin_offset", "x", "[4].begin_offset", "wrong_type"),
    ("aliyun_live.json", "[4].role", None, "[4].role", "missing_field"),
    (
        "aliyun_file.json",
        "Result.Sentences[3].BeginTime",
        REMOVED,
        "Result.Sentences[3].BeginTime",
        "missing_field",
    ),
    (
        "aliyun_file.json",
        "Result.Sentences[3].SpeechRate",
        "快",
        "Result.Sentences[3].SpeechRate",
        "wrong_type",
    ),
    ("aliyun_file.json", "Result", None, "Result", "missing_field"),
    ("aliyun_file.json", "Result.Sentences", [], "Result.Sentences", "no_turns"),
    ("aliyun_file_report.json", "[0].sentences[3].endTime", "1e", "[0].sentences[3].endTime", "wrong_type"),
    ("dashscope.json", "transcripts[0].sentences", None, "transcripts[0].sentences", "missing_field"),
    (
        "dashscope.json",
        "transcripts[0].sentences[1].words[0].begin_time",
        None,
        "transcripts[0].sentences[1].words[0].begin_time",
        "missing_field",
    ),
    (
        "tencent_asr_response.json",
        "Response.Data.ResultDetail",
        None,
        "Response.Data.ResultDetail",
        "missing_field",
    ),
    (
        "tencent_asr_response.json",
        "Response.Data.ResultDetail[1].StartMs",
        True,
        "Response.Data.ResultDetail[1].StartMs",
        "wrong_type",
    ),
    (
        "tencent_asr_detail.json",
        "ResultDetail[1].EmotionType",
        [1],
        "ResultDetail[1].EmotionType[0]",
        "wrong_type",
    ),
    (
        "tencent_asr_sentences.json",
        "[1].Words[0].OffsetStartMs",
        "x",
        "[1].Words[0].OffsetStartMs",
        "wrong_type",
    ),
    ("tencent_tccc.json", "Response.AsrDataList", None, "Response.AsrDataList", "missing_field"),
    ("tencent_tccc.json", "Response.AsrDataList[1].Start", 4200, "Response.AsrDataList[1].Start", "bad_time"),
    (
        "tencent_tccc.json",
        "Response.AsrDataList[1].Start",
        1709602204,
        "Response.AsrDataList[1].Start",
        "bad_time",
    ),
    (
        "contact_lens_voice.json",
        "Transcript[2].ParticipantId",
        None,
        "Transcript[2].ParticipantId",
        "missing_field",
    ),
    (
        "contact_lens_voice.json",
        "Transcript[2].BeginOffsetMillis",
        None,
        "Transcript[2].BeginOffsetMillis",
        "missing_field",
    ),
    (
        "contact_lens_voice.json",
        "Transcript[2].LoudnessScores[0]",
        "响",
        "Transcript[2].LoudnessScores[0]",
        "wrong_type",
    ),
    ("contact_lens_voice.json", "JobStatus", "IN_PROGRESS", "JobStatus", "not_finished"),
    (
        "contact_lens_chat.json",
        "Transcript[3].AbsoluteTime",
        "刚才",
        "Transcript[3].AbsoluteTime",
        "bad_time",
    ),
    ("contact_lens_chat.json", "Transcript[3].Content", None, "Transcript[3].Content", "missing_field"),
    (
        "contact_lens_live.json",
        "Segments[1].Transcript.Content",
        1,
        "Segments[1].Transcript.Content",
        "wrong_type",
    ),
    ("contact_lens_live.json", "Segments[1]", {"Mystery": {}}, "Segments[1]", "bad_value"),
    (
        "transcribe_call_analytics.json",
        "Transcript[0].Items[0].Confidence",
        "高",
        "Transcript[0].Items[0].Confidence",
        "wrong_type",
    ),
    (
        "transcribe_speakers.json",
        "results.items[0].start_time",
        REMOVED,
        "results.items[0].start_time",
        "missing_field",
    ),
    (
        "transcribe_speakers.json",
        "results.items[0].start_time",
        "99",
        "results.items[0].start_time",
        "bad_time",
    ),
    (
        "transcribe_speakers.json",
        "results.items[4].alternatives",
        [],
        "results.items[4].alternatives",
        "missing_field",
    ),
    ("transcribe_speakers.json", "status", "FAILED", "status", "not_finished"),
    (
        "transcribe_segments.json",
        "results.audio_segments[1].transcript",
        None,
        "results.audio_segments[1].transcript",
        "missing_field",
    ),
    (
        "pca.json",
        "SpeechSegments[1].SegmentStartTime",
        None,
        "SpeechSegments[1].SegmentStartTime",
        "missing_field",
    ),
    (
        "pca.json",
        "SpeechSegments[0].SegmentInterruption",
        "否",
        "SpeechSegments[0].SegmentInterruption",
        "wrong_type",
    ),
    ("google_insights.json", "entries[1].text", None, "entries[1].text", "missing_field"),
    (
        "google_insights.json",
        "entries[1].start_timestamp_usec",
        None,
        "entries[1].start_timestamp_usec",
        "missing_field",
    ),
    ("huawei_sis.json", "segments[1].result", None, "segments[1].result", "missing_field"),
    ("huawei_sis.json", "status", "ERROR", "status", "not_finished"),
]


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def changed(document: Any, path: str, value: object) -> Any:
    """Return a copy of ``document`` with one value replaced or removed."""
    document = copy.deepcopy(document)
    keys: list[Any] = [key or int(i) for key, i in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]
    *way, last = keys
    holder = document
    for key in way:
        holder = holder[key]
    if value is REMOVED:
        del holder[last]
    else:
        holder[last] = value
    return document


def parse(name: str, document: object) -> list[Transcript | IntakeError]:
    (reader,) = [reader for reader in READERS if reader.name == FORMATS[name].reader]
    return list(reader.parse(document, ORIGIN))


@pytest.mark.parametrize(("name", "path", "value", "field", "code"), BROKEN)
def test_the_error_names_the_field(name: str, path: str, value: object, field: str, code: str) -> None:
    (error,) = parse(name, changed(fixture(name), path, value))
    assert isinstance(error, IntakeError)
    assert (error.field, error.code) == (field, code)
    assert (error.file, error.record) == ("录音.json", 3)
    assert error.why
    assert error.remedy
    assert not any(turn["text"][:6] in str(error) for turn in TURNS)


def test_every_json_reader_is_broken_somewhere() -> None:
    assert {FORMATS[name].reader for name, *_ in BROKEN} == {reader.name for reader in READERS}


@pytest.mark.parametrize(
    ("name", "holder", "path"),
    [
        ("funasr_automodel.json", "", "[1].sentence_info[0].start"),
        ("sca_upload.json", "tickets", "tickets[1].dialogue[0].begin"),
        ("sca_result.json", "Data.ResultInfo", "Data.ResultInfo[1].AsrResult.AsrResult[0].Begin"),
        ("aliyun_file_report.json", "", "[1].sentences[0].beginTime"),
    ],
)
def test_other_calls_of_the_document_go_on(name: str, holder: str, path: str) -> None:
    document = fixture(name)
    inside = document
    for key in holder.split(".") if holder else ():
        inside = inside[key]
    inside.extend([copy.deepcopy(inside[0]), copy.deepcopy(inside[0])])
    first, second, third = parse(name, changed(document, path, "坏"))
    assert isinstance(first, Transcript)
    assert isinstance(third, Transcript)
    assert isinstance(second, IntakeError)
    assert (second.field, second.record) == (path, 4)
    assert [call.origin.record for call in (first, third) if call.origin] == [3, 5]


def test_one_bad_message_spoils_only_its_recording() -> None:
    stream = fixture("funasr_ws_2pass.json")
    other = [{**message, "wav_name": "call_002"} for message in stream]
    other[2]["stamp_sents"] = "坏"
    good, bad = parse("funasr_ws_2pass.json", stream + other)
    assert isinstance(good, Transcript)
    assert isinstance(bad, IntakeError)
    assert bad.field == f"[{len(stream) + 2}].stamp_sents"


UNFINISHED: dict[str, tuple[dict[str, object], str]] = {
    "录音文件识别 进行中": ({"TaskId": "t", "StatusText": "RUNNING", "StatusCode": 21050001}, "StatusText"),
    "录音文件识别 失败": (
        {"TaskId": "t", "StatusText": "FILE_DOWNLOAD_FAILED", "Result": None},
        "StatusText",
    ),
    "腾讯 进行中": (
        {"Response": {"Data": {"TaskId": 1, "StatusStr": "doing", "ResultDetail": None}}},
        "Response.Data.StatusStr",
    ),
    "华为 进行中": ({"status": "WAITING", "create_time": "2024-03-05T01:32:00.000Z"}, "status"),
    "Transcribe 失败": (
        {"jobName": "j", "status": "FAILED", "results": {"transcripts": [], "items": []}},
        "status",
    ),
}


@pytest.mark.parametrize("case", UNFINISHED)
def test_an_unfinished_job_says_so(case: str) -> None:
    document, field = UNFINISHED[case]
    (reader,) = [reader for reader in READERS if reader.matches(document)]
    (error,) = reader.parse(document, ORIGIN)
    assert isinstance(error, IntakeError)
    assert (error.field, error.code) == (field, "not_finished")


def text_results(text: str) -> list[Transcript | IntakeError]:
    (reader,) = [reader for reader in TEXT_READERS if reader.matches_text(text[:4096])]
    return list(reader.parse_text(text, ORIGIN))


TIMING = "00:00:01,000 --> 00:00:02,000\n"
BAD_TEXTS = {
    "SRT 时间行写坏": (f"1\n{TIMING}您好\n\n2\n00:00:03,000 -> 00:00:04,000\n请讲\n", 6, "bad_cue"),
    "SRT 有没有时间的段落": (f"1\n{TIMING}您好\n\n这一段没有时间\n", 5, "bad_cue"),
    "SRT 两段粘在一起": (f"1\n{TIMING}您好\n2\n{TIMING}请讲\n", 2, "bad_cue"),
    "VTT 时间行写坏": ("WEBVTT\n\n00:01.000 --> 00:0x.000\n您好\n", 3, "bad_cue"),
    "SRT 秒数超过 59": ("1\n00:00:01,000 --> 00:00:75,000\n您好\n", 2, "bad_cue"),
    "VTT 没有一段字幕": ("WEBVTT\n\nNOTE 空\n", None, "no_turns"),
    "JSONL 坏一行": ('{"mode":"2pass-offline","wav_name":"w","text":"好"}\n{"mode":\n', 2, "bad_json"),
    "JSONL 一行缺字段": (
        '{"mode":"2pass-offline","wav_name":"w","text":"好"}\n\n{"mode":"2pass-offline","wav_name":"w"}\n',
        3,
        "missing_field",
    ),
    "JSONL 实时一行错类型": (
        '{"call_id":"c","role":"A","words":"好","begin_offset":0,"end_offset":9}\n'
        '{"call_id":"c","role":"A","words":"好","begin_offset":"x","end_offset":9}\n',
        2,
        "wrong_type",
    ),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_the_error_names_the_line(case: str) -> None:
    text, line, code = BAD_TEXTS[case]
    (error,) = text_results(text)
    assert isinstance(error, IntakeError)
    assert (error.line, error.code) == (line, code)
    assert "好" not in str(error)


def test_a_field_of_a_json_line_is_named_without_the_index() -> None:
    (error,) = text_results(BAD_TEXTS["JSONL 实时一行错类型"][0])
    assert isinstance(error, IntakeError)
    assert error.field == "begin_offset"


# ---- every field of every format, given every kind of wrong value


def shortened(value: Any) -> Any:
    """Keep two elements of every list, so that the sweep stays fast."""
    if isinstance(value, list):
        return [shortened(item) for item in value[:2]]
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    return value


def paths(value: Any, path: str = "") -> Iterator[str]:
    items: Any = ()
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}[{i}]", item) for i, item in enumerate(value)]
    for inner, item in items:
        yield inner
        yield from paths(item, inner)


WRONG = (REMOVED, None, "", "错", -1, 0.5, True, [], [None], {}, {"x": 1}, float("nan"), 10**30, "\ud800")


@pytest.mark.parametrize("name", [name for name in FORMATS if name.endswith(".json")])
def test_nothing_escapes_a_reader(name: str) -> None:
    document = shortened(fixture(name))
    for path in paths(document):
        for value in WRONG:
            broken = changed(document, path, value)
            matching = [reader for reader in READERS if reader.matches(broken)]
            assert len(matching) <= 1
            for reader in matching:
                results = list(reader.parse(broken, ORIGIN))
                assert results
                assert all(isinstance(result, Transcript | IntakeError) for result in results)
