"""One conversation in every producer's format reads as the same transcript."""

from __future__ import annotations

import importlib.util
import json
import pickle
from pathlib import Path
from typing import NamedTuple

import pytest

from qa_engine.domain.transcript import Channel, Origin, Speaker, Transcript
from qa_engine.intake.producers import READERS, TEXT_READERS
from qa_engine.intake.read import read_inputs

FIXTURES = Path(__file__).parent / "fixtures" / "producers"
CANONICAL = json.loads((FIXTURES / "canonical.json").read_text(encoding="utf-8"))
TURNS = CANONICAL["turns"]


class Expected(NamedTuple):
    """What the format can tell: roles given, labels of the two sides, ids, zero point, ends."""

    reader: str
    roles: bool = False
    labels: bool = True
    id: str = ""
    zero: int = 0
    times: bool = True
    ends: bool = True
    channel: Channel = Channel.VOICE
    duration: int | None = None


FORMATS = {
    "funasr_automodel.json": Expected("funasr", id="call_001"),
    "funasr_vad_segment.json": Expected("funasr", id="call_001"),
    "funasr_http.json": Expected("funasr_http", labels=False),
    "funasr_ws_offline.json": Expected("funasr_stream", labels=False, id="call_001"),
    "funasr_ws_2pass.json": Expected("funasr_stream", labels=False, id="call_001"),
    "funasr_ws_2pass.jsonl": Expected("funasr_stream", labels=False, id="call_001"),
    "verbose_json.json": Expected("verbose_json"),
    "whisperx.json": Expected("whisperx"),
    "whisperx.txt": Expected("whisperx_txt", times=False),
    "whisperx.srt": Expected("srt"),
    "whisperx_highlight.srt": Expected("srt"),
    "roles.srt": Expected("srt", roles=True),
    "whisperx.vtt": Expected("vtt"),
    "voices.vtt": Expected("vtt", roles=True),
    "sca_upload.json": Expected("sca_upload", roles=True, id="call_001"),
    "sca_result.json": Expected("sca_result", roles=True, id="call_001", duration=57000),
    "sca_result_flat.json": Expected("sca_result", roles=True, id="call_001", duration=57200),
    "aliyun_live.json": Expected("aliyun_live", id="call_001"),
    "aliyun_live.jsonl": Expected("aliyun_live", id="call_001"),
    "aliyun_file.json": Expected("aliyun_file", id="call_001", duration=57200),
    "aliyun_file_report.json": Expected("aliyun_file", id="call_001", duration=57200),
    "dashscope.json": Expected("dashscope", duration=57200),
    "dashscope_channels.json": Expected("dashscope", duration=57200),
    "tencent_asr_response.json": Expected("tencent_asr", id="901", duration=57200),
    "tencent_asr_detail.json": Expected("tencent_asr"),
    "tencent_asr_sentences.json": Expected("tencent_asr"),
    "tencent_tccc.json": Expected("tencent_tccc", zero=340),
    "contact_lens_voice.json": Expected("contact_lens", roles=True, id="call_001", duration=57200),
    "contact_lens_chat.json": Expected(
        "contact_lens_chat",
        roles=True,
        id="call_001",
        ends=False,
        channel=Channel.CHAT,
        duration=57200,
    ),
    "contact_lens_live.json": Expected("contact_lens_live", roles=True),
    "transcribe_call_analytics.json": Expected(
        "transcribe_call_analytics", roles=True, id="call_001", duration=57200
    ),
    "transcribe_speakers.json": Expected("transcribe", id="call_001"),
    "transcribe_channels.json": Expected("transcribe", id="call_001"),
    "transcribe_segments.json": Expected("transcribe", id="call_001"),
    "pca.json": Expected("pca", roles=True, id="call_001", duration=57200),
    "google_insights.json": Expected("google_insights", roles=True, ends=False, channel=Channel.UNKNOWN),
    "huawei_sis.json": Expected("huawei_sis", roles=True, id="call_001", duration=57200),
}


def matching(name: str) -> list[str]:
    text = (FIXTURES / name).read_text(encoding="utf-8")
    readers = [reader.name for reader in TEXT_READERS if reader.matches_text(text[:4096])]
    if name.endswith(".json"):
        readers += [reader.name for reader in READERS if reader.matches(json.loads(text))]
    return readers


def read(name: str) -> Transcript:
    text = (FIXTURES / name).read_text(encoding="utf-8")
    origin = Origin(file=name, producer="?")
    wanted = FORMATS[name].reader
    if name.endswith(".json"):
        results = next(r for r in READERS if r.name == wanted).parse(json.loads(text), origin)
    else:
        results = next(r for r in TEXT_READERS if r.name == wanted).parse_text(text, origin)
    (transcript,) = results
    assert isinstance(transcript, Transcript), str(transcript)
    return transcript


def test_every_fixture_is_expected_somewhere() -> None:
    files = {path.name for path in FIXTURES.iterdir() if path.is_file()}
    assert files - {"make.py", "canonical.json"} == FORMATS.keys()


def test_every_reader_has_a_fixture() -> None:
    assert {r.name for r in READERS} | {r.name for r in TEXT_READERS} == {e.reader for e in FORMATS.values()}


@pytest.mark.parametrize("name", FORMATS)
def test_exactly_one_reader_recognises_the_file(name: str) -> None:
    assert matching(name) == [FORMATS[name].reader]


def test_our_own_format_is_no_producers() -> None:
    assert matching("canonical.json") == []


@pytest.mark.parametrize("document", [None, 1, "文本", [], {}, [[]], [None], {"turns": []}, {"segments": []}])
def test_nobody_recognises_what_is_nobodys(document: object) -> None:
    assert [reader.name for reader in READERS if reader.matches(document)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_same_words_at_the_same_times(name: str) -> None:
    expected, transcript = FORMATS[name], read(name)
    spoken = [turn for turn in transcript.turns if turn.speaker is not Speaker.SYSTEM]
    assert [turn.text for turn in spoken] == [turn["text"] for turn in TURNS]
    if not expected.times:
        assert {(turn.start_ms, turn.end_ms) for turn in spoken} == {(None, None)}
        assert transcript.unit_source == "none"
        return
    assert [turn.start_ms for turn in spoken] == [turn["start_ms"] - expected.zero for turn in TURNS]
    ends = [turn["end_ms"] - expected.zero if expected.ends else None for turn in TURNS]
    assert [turn.end_ms for turn in spoken] == ends
    assert transcript.unit_source == "format"


@pytest.mark.parametrize("name", FORMATS)
def test_same_speakers(name: str) -> None:
    expected, transcript = FORMATS[name], read(name)
    spoken = [turn for turn in transcript.turns if turn.speaker is not Speaker.SYSTEM]
    if expected.roles:
        assert [str(turn.speaker) for turn in spoken] == [turn["speaker"] for turn in TURNS]
        assert transcript.role_source == "given"
    else:
        assert {turn.speaker for turn in spoken} == {Speaker.UNKNOWN}
        assert transcript.role_source == "unknown"
    if expected.labels:
        pairs = {(turn.speaker_label, given["speaker"]) for turn, given in zip(spoken, TURNS, strict=True)}
        assert len(pairs) == 2
        assert None not in {label for label, _ in pairs}
    else:
        assert {turn.speaker_label for turn in spoken} == {None}


@pytest.mark.parametrize("name", FORMATS)
def test_transcripts_cross_process_borders(name: str) -> None:
    transcript = read(name)
    assert pickle.loads(pickle.dumps(transcript)) == transcript


@pytest.mark.parametrize("name", FORMATS)
def test_call_facts(name: str) -> None:
    expected, transcript = FORMATS[name], read(name)
    assert transcript.id == expected.id
    assert transcript.channel is expected.channel
    assert transcript.duration_ms == expected.duration
    assert transcript.origin == Origin(file=name, producer=expected.reader)


WITH_WORDS = [
    "funasr_automodel.json",
    "funasr_vad_segment.json",
    "funasr_ws_offline.json",
    "funasr_ws_2pass.json",
    "whisperx.json",
    "aliyun_file.json",
    "dashscope.json",
    "dashscope_channels.json",
    "tencent_asr_response.json",
    "transcribe_call_analytics.json",
    "transcribe_speakers.json",
    "transcribe_channels.json",
    "transcribe_segments.json",
    "pca.json",
    "huawei_sis.json",
]


@pytest.mark.parametrize("name", WITH_WORDS)
def test_words_tile_their_turn(name: str) -> None:
    for turn in read(name).turns:
        assert "".join(word.text for word in turn.words) == "".join(c for c in turn.text if c not in "，。？")
        assert (turn.words[0].start_ms, turn.words[-1].end_ms) == (turn.start_ms, turn.end_ms)
        for before, after in zip(turn.words, turn.words[1:], strict=False):
            assert before.end_ms == after.start_ms


@pytest.mark.parametrize(
    ("name", "compact"),
    [(name, False) for name in FORMATS] + [(name, True) for name in FORMATS if name.endswith(".json")],
)
def test_the_whole_way_through_the_intake(name: str, compact: bool, tmp_path: Path) -> None:
    path = FIXTURES / name
    if compact:
        document = json.loads(path.read_text(encoding="utf-8"))
        path = tmp_path / "导出的文件.dat"
        path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    (transcript,) = read_inputs([str(path)])
    assert isinstance(transcript, Transcript), str(transcript)
    spoken = [turn for turn in transcript.turns if turn.speaker is not Speaker.SYSTEM]
    assert [turn.text for turn in spoken] == [turn["text"] for turn in TURNS]
    if FORMATS[name].labels:
        assert [str(turn.speaker) for turn in spoken] == [turn["speaker"] for turn in TURNS]
        assert transcript.has_roles
    else:
        assert not transcript.has_roles
    assert {flag.code for flag in transcript.flags} <= {"roles_inferred", "roles_missing"}


def test_fixtures_are_what_make_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("make_fixtures", FIXTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    monkeypatch.setattr(make, "HERE", tmp_path)
    for family in (
        make.funasr,
        make.whisperx,
        make.subtitles,
        make.alibaba,
        make.tencent,
        make.amazon,
        make.others,
    ):
        family()
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {name: (FIXTURES / name).read_bytes() for name in FORMATS}
