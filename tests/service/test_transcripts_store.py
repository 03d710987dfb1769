"""Keeping conversations: nothing lost under seal, nothing raw beside it, quotations put back exactly."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.domain.transcript_json import TranscriptFormatError, parse_stored, stored_json
from qa_engine.intake.read import read_inputs
from qa_engine.store import envelope
from qa_engine.store.sealing import Keyring, Unsealable
from qa_engine.store.tables import TranscriptRow
from qa_engine.store.transcripts import (
    Keeping,
    keep_transcripts,
    masked_texts,
    masked_transcript,
    moment_of,
    raw_texts,
    raw_transcript,
)
from qa_engine.wiring import build_inspector

KEYS = Keyring.fresh()
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
SAMPLES = [
    item
    for item in read_inputs([str(Path(__file__).parents[2] / "data/samples")])
    if isinstance(item, Transcript)
]
PHONE, CARD = "13812345678", "6222021234567890128"


def call(call_id: str = "c-1", text: str = f"我的电话是{PHONE}", **changes: object) -> Transcript:
    turns = (Turn(Speaker.AGENT, "您好，请问有什么可以帮您"), Turn(Speaker.CUSTOMER, text))
    return replace(Transcript(call_id, turns), **changes)


def keep(session, *transcripts: Transcript, line: str = "general", **days: int) -> list[TranscriptRow]:
    return keep_transcripts(session, KEYS, transcripts, Keeping(line, **days), NOW, ZONE)


class TestKeeping:
    def test_every_sample_comes_back_as_it_was_read(self, database):
        with database.writing() as session:
            rows = keep(session, *SAMPLES)
            assert len({row.id for row in rows}) == len(SAMPLES)
        with database.reading() as session:
            for row, sample in zip(
                session.scalars(select(TranscriptRow).order_by("id")), SAMPLES, strict=True
            ):
                assert raw_transcript(KEYS, row) == sample
                assert [t.speaker for t in masked_transcript(row).turns] == [t.speaker for t in sample.turns]

    def test_the_same_conversation_again_is_stored_once(self, database):
        with database.writing() as session:
            first = keep(session, call())
            again = keep(session, call(), call())
            assert {row.id for row in (*first, *again)} == {first[0].id}
            assert session.scalar(select(func.count()).select_from(TranscriptRow)) == 1

    def test_another_text_under_the_same_id_is_the_next_version(self, database):
        with database.writing() as session:
            (old,) = keep(session, call())
            (new,) = keep(session, call(text="换个说法"))
            assert (old.version, new.version) == (1, 2)
            assert (old.current, new.current) == (False, True)

    def test_the_same_id_in_another_business_line_is_another_conversation(self, database):
        with database.writing() as session:
            (one,) = keep(session, call(), line="a")
            (other,) = keep(session, call(), line="b")
            assert one.id != other.id
            assert one.external_ref != other.external_ref

    def test_retention_is_counted_from_the_day_of_receipt(self, database):
        with database.writing() as session:
            (row,) = keep(session, call(), raw_days=30, masked_days=365)
            assert row.purge_raw_at == NOW + timedelta(days=30)
            assert row.purge_masked_at == NOW + timedelta(days=365)

    def test_no_column_but_the_sealed_one_holds_personal_data(self, database):
        person = call(
            f"录音_{PHONE}_王小明.wav",
            f"我叫王小明，卡号{CARD}，手机{PHONE}",
            customer=Customer(PHONE, "VIP", f"北京 {PHONE}"),
            agent=Agent("A7", "李客服", "一组"),
            attributes={"来电号码": PHONE, "深": {"卡": [CARD]}, "vip": True},
        )
        with database.writing() as session:
            keep(session, person)
        with database.reading() as session:
            row = session.scalars(select(TranscriptRow)).one()
            open_columns = {
                column.key: getattr(row, column.key)
                for column in TranscriptRow.__table__.columns
                if column.key not in {"sealed", "masked"}
            }
            told = repr(open_columns) + zlib.decompress(row.masked).decode()
            assert row.sealed is not None
            for secret in (PHONE, CARD, "王小明"):
                assert secret not in told
                assert secret.encode() not in row.sealed
            assert row.attributes["vip"] is True
            assert raw_transcript(KEYS, row) == person

    def test_a_row_moved_under_another_reference_does_not_open(self, database):
        with database.writing() as session:
            one, other = keep(session, call("a"), call("b"))
            one.sealed, other.sealed = other.sealed, one.sealed
            with pytest.raises(Unsealable):
                raw_transcript(KEYS, one)


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-03-01T16:00:00+08:00", NOW),
            ("2026-03-01 16:00:00", NOW),
            ("2026-03-01T08:00:00Z", NOW),
            ("昨天下午", None),
            ("", None),
            (None, None),
            ("0001-01-01T00:00:00", None),
            ("1900-01-01", None),
            ("9999-12-31T23:59:59-12:00", None),
        ],
    )
    def test_what_a_start_means(self, text, moment):
        assert moment_of(text, ZONE) == moment


class TestStoredJson:
    @pytest.mark.parametrize(
        "broken",
        [
            {},
            {"schema": "transcript/9"},
            {"schema": "transcript/1"},
            {"schema": "transcript/1", "id": "a", "turns": [{"text": "x"}]},
        ],
    )
    def test_what_cannot_be_read_is_told(self, broken):
        with pytest.raises(TranscriptFormatError):
            parse_stored(broken)

    def test_it_survives_json(self):
        for sample in SAMPLES:
            assert parse_stored(orjson.loads(orjson.dumps(stored_json(sample)))) == sample


@pytest.fixture(scope="module")
def judged() -> list[tuple[Transcript, dict]]:
    inspector = build_inspector("general_service", model="baseline")
    reports = inspector.inspect_many(SAMPLES)
    return [(t, report_to_json(r)) for t, r in zip(SAMPLES, reports, strict=True)]


class TestEnvelope:
    def test_a_body_holds_no_word_of_the_conversation(self, judged):
        for transcript, report in judged:
            body = envelope.cut_report(report, [turn.text for turn in transcript.turns])
            assert "quote" not in orjson.dumps(body).decode()
            packed, digest = envelope.pack_body(body)
            assert envelope.digest_of_packed(packed) == digest

    def test_for_raw_readers_the_report_is_what_it_was(self, judged):
        for transcript, report in judged:
            body = envelope.cut_report(report, [turn.text for turn in transcript.turns])
            packed, _ = envelope.pack_body(body)
            stored = envelope.unpack_body(envelope.VERSION, packed)
            assert envelope.put_back(stored, transcript.id, raw_texts(transcript)) == report

    def test_for_masked_readers_offsets_fit_the_masked_text(self, judged, database):
        with database.writing() as session:
            rows = keep(session, *[transcript for transcript, _ in judged])
            quoted = 0
            for row, (transcript, report) in zip(rows, judged, strict=True):
                body = envelope.cut_report(report, [turn.text for turn in transcript.turns])
                shown = envelope.put_back(body, row.external_id, masked_texts(row))
                texts = [turn.text for turn in masked_transcript(row).turns]
                for item in shown["criteria"]:
                    for quote in item["evidence"]:
                        quoted += 1
                        assert quote["quote"] == texts[quote["turn"]][quote["start"] : quote["end"]]
            assert quoted > 50

    def test_after_erasure_scores_stay_and_quotations_say_so(self, judged):
        transcript, report = judged[0]
        body = envelope.cut_report(report, [turn.text for turn in transcript.turns])
        shown = envelope.put_back(body, "x", raw_texts(None))
        assert shown["total"] == report["total"]
        quotes = [quote["quote"] for item in shown["criteria"] for quote in item["evidence"]]
        assert set(quotes) == {envelope.ERASED}

    @given(st.data())
    def test_a_masked_span_covers_whole_masks_and_keeps_what_is_outside(self, data):
        original = data.draw(st.text("甲乙丙丁", min_size=1, max_size=30))
        cuts = sorted(data.draw(st.sets(st.integers(0, len(original)), max_size=6)))
        pairs = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b]
        label = "[号]"
        shown, at = "", 0
        for a, b in pairs:
            shown, at = shown + original[at:a] + label, b
        shown += original[at:]
        masks = tuple((a, b, len(label)) for a, b in pairs)
        texts = envelope.ShownTexts((shown,), (masks,))
        start = data.draw(st.integers(0, len(original)))
        end = data.draw(st.integers(start, len(original)))
        s, e = texts.span(0, start, end)
        assert 0 <= s <= e <= len(shown) or start == end
        touched = [(a, b) for a, b in pairs if a < end and start < b]
        outside = "".join(original[i] for i in range(start, end) if not any(a <= i < b for a, b in pairs))
        if start < end:
            assert shown[s:e].replace(label, "") == outside
            assert shown[s:e].count(label) == len(touched)

    def test_a_newer_body_is_refused_by_name_and_an_older_one_is_migrated(self, judged, monkeypatch):
        transcript, report = judged[0]
        packed, _ = envelope.pack_body(envelope.cut_report(report, [t.text for t in transcript.turns]))
        with pytest.raises(envelope.ReportFormatError, match="升级"):
            envelope.unpack_body(envelope.VERSION + 1, packed)
        monkeypatch.setitem(envelope.MIGRATIONS, 0, lambda body: {**body, "migrated": True})
        assert envelope.unpack_body(0, packed)["migrated"] is True

    def test_broken_bytes_are_told(self):
        with pytest.raises(envelope.ReportFormatError, match="损坏"):
            envelope.unpack_body(1, b"no zlib")
        with pytest.raises(envelope.ReportFormatError, match="损坏"):
            envelope.unpack_body(1, zlib.compress(b"no json"))
