"""The whole engine: laws that hold for every transcript and every shipped scorecard."""

import dataclasses
import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa_engine.domain.finding import NotEvaluable, Verdict
from qa_engine.domain.report_json import report_from_json, report_to_json
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.inspector import Inspector
from qa_engine.rules import Facts
from qa_engine.scorecards import builtin_scorecards, load_scorecard
from qa_engine.text.reading import read_transcript
from qa_engine.wiring import build_inspector, load_model

CORPUS = Path(__file__).parents[1] / "data" / "corpus"
CARDS = tuple(builtin_scorecards())


def _corpus(count: int, seed: int) -> list[Transcript]:
    rng = random.Random(seed)
    lines = [
        line
        for path in sorted(CORPUS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [_timed(json.loads(line), rng) for line in rng.sample(lines, count)]


def _timed(record: dict, rng: random.Random) -> Transcript:
    at, turns = 0, []
    for turn in record["turns"]:
        start = max(0, at + rng.randint(-800, 4000))
        at = start + max(300, len(turn["t"]) * rng.randint(120, 260))
        speaker = Speaker.AGENT if turn["s"] == "A" else Speaker.CUSTOMER
        turns.append(Turn(speaker, turn["t"], start, at))
    return Transcript(
        record["id"], tuple(turns), Channel(record["channel"]), duration_ms=at + 500, unit_source="declared"
    )


SAMPLE = _corpus(40, 7)
INSPECTORS = {key: build_inspector(key) for key in CARDS}


def _without_times(call: Transcript) -> Transcript:
    turns = tuple(dataclasses.replace(t, start_ms=None, end_ms=None, words=()) for t in call.turns)
    return dataclasses.replace(call, turns=turns, duration_ms=None, unit_source="none")


def _without_roles(call: Transcript) -> Transcript:
    turns = tuple(dataclasses.replace(t, speaker=Speaker.UNKNOWN) for t in call.turns)
    return dataclasses.replace(call, turns=turns, role_source="unknown", role_confidence=0.0)


@pytest.mark.parametrize("key", CARDS)
class TestLaws:
    def test_every_quote_is_the_original_text_at_its_offsets(self, key):
        for call, report in zip(SAMPLE, INSPECTORS[key].inspect_many(SAMPLE), strict=True):
            for criterion in report.criteria:
                for quote in criterion.evidence:
                    assert call.turns[quote.turn].text[quote.start : quote.end] == quote.quote
                if criterion.nearest is not None:
                    assert criterion.nearest.quote in call.turns[criterion.nearest.turn].text

    @pytest.mark.parametrize("lose", [_without_times, _without_roles])
    def test_losing_information_never_raises_a_score_and_is_told(self, key, lose):
        inspector = INSPECTORS[key]
        poorer = [lose(call) for call in SAMPLE]
        lost = 0
        for rich, poor in zip(inspector.inspect_many(SAMPLE), inspector.inspect_many(poorer), strict=True):
            assert poor.total.percent <= rich.total.percent + 1e-6
            assert poor.total.coverage <= rich.total.coverage + 1e-6
            if rich.total.passed is not True:
                assert poor.total.passed is not True
            for before, after in zip(rich.criteria, poor.criteria, strict=True):
                if after.outcome is Outcome.NOT_EVALUATED:
                    assert after.reason
                    assert after.code
                    assert any(n.what == f"criterion:{after.key}" for n in poor.not_evaluated)
                    lost += before.outcome is not Outcome.NOT_EVALUATED
                elif before.outcome is not Outcome.NOT_EVALUATED:
                    assert after.outcome is before.outcome, after.key
        assert lost > 0

    def test_without_a_model_nothing_is_silently_clean(self, key):
        loaded = load_scorecard(key)
        blind = Inspector(loaded.scorecard, loaded.rules, NotEvaluable("no_model", "没有模型"))
        for rich, poor in zip(INSPECTORS[key].inspect_many(SAMPLE), blind.inspect_many(SAMPLE), strict=True):
            assert poor.total.percent <= rich.total.percent + 1e-6
            assert (poor.emotion.index, poor.attitude.level, poor.resolution.status) == (None, None, None)
            assert (poor.complaint.is_complaint, poor.review.needed is None or poor.review.needed) in (
                (None, True),
                (None, None),
            ) or poor.review.reasons
            missing = {n.what for n in poor.not_evaluated}
            assert {"emotion", "attitude", "resolution", "satisfaction", "complaint"} <= missing
            assert poor.engine.model is None

    def test_a_report_survives_the_way_through_json(self, key):
        for report in INSPECTORS[key].inspect_many(SAMPLE[:10]):
            text = json.dumps(report_to_json(report), ensure_ascii=False, allow_nan=False)
            assert json.dumps(report_to_json(report_from_json(json.loads(text))), ensure_ascii=False) == text

    def test_hearing_turn_by_turn_ends_in_the_batch_outcome(self, key):
        loaded = load_scorecard(key)
        model = load_model("baseline")
        for call in SAMPLE[:12]:
            reading = read_transcript(call)
            (prediction,) = model.predict([reading])
            session = loaded.rules.session(call, prediction)
            final: dict[str, Verdict] = {}
            for turn, said in zip(reading.turns, prediction.turns, strict=True):
                for name, verdict in session.hear(turn, said).items():
                    settled = verdict.result.verdict
                    if name in final:
                        assert settled is final[name], f"{name} 改变了已经定下的结论"
                    if settled in (Verdict.HIT, Verdict.MISS):
                        final[name] = settled
            assert session.finish(call, prediction) == loaded.rules.evaluate(Facts(reading, prediction))

    def test_chunks_do_not_matter(self, key):
        inspector = INSPECTORS[key]
        alone = [inspector.inspect(call) for call in SAMPLE]
        assert list(inspector.inspect_many(SAMPLE, chunk_size=7)) == alone
        assert list(inspector.inspect_many(SAMPLE, chunk_size=1000)) == alone

    def test_a_report_names_who_judged(self, key):
        report = INSPECTORS[key].inspect(SAMPLE[0])
        loaded = load_scorecard(key).scorecard
        assert (report.scorecard_key, report.scorecard_revision) == (loaded.key, loaded.revision)
        assert report.scorecard_digest == loaded.digest
        assert report.engine.model is not None
        assert report.engine.model.startswith("neural")
        assert report.engine.detectors


@pytest.mark.parametrize("speaker", [Speaker.AGENT, Speaker.CUSTOMER, Speaker.SYSTEM])
def test_a_call_of_one_voice_is_not_judged_and_says_so(speaker):
    whole = SAMPLE[0]
    lonely = dataclasses.replace(whole, turns=tuple(t for t in whole.turns if t.speaker is speaker))
    for inspector in INSPECTORS.values():
        report = inspector.inspect(lonely)
        assert {c.outcome for c in report.criteria} == {Outcome.NOT_EVALUATED}
        assert (report.total.percent, report.total.coverage, report.total.passed) == (0, 0, None)
        assert report.resolution.status is None


words = st.sampled_from(
    [
        "您好",
        "我要投诉",
        "人呢",
        "？？",
        "不好意思",
        "退款",
        "谢谢",
        "验证码",
        "1",
        "",
        "🙂",
        "ﬁ①Ａ",
        "\u0000",
    ]
)
turns = st.builds(
    Turn,
    st.sampled_from(list(Speaker)),
    st.lists(words, max_size=4).map("".join),
    st.none() | st.integers(-5, 10**7),
    st.none() | st.integers(-5, 10**7),
)
calls = st.builds(
    Transcript,
    st.just("x"),
    st.lists(turns, max_size=12).map(tuple),
    st.sampled_from(list(Channel)),
    role_source=st.sampled_from(["given", "inferred", "unknown"]),
    role_confidence=st.floats(0, 1),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls)
def test_law_no_transcript_is_too_strange(call):
    for inspector in INSPECTORS.values():
        report = inspector.inspect(call)
        assert not [n for n in report.not_evaluated if n.code == "detector_failed"]
        assert len(report.criteria) == len(inspector.scorecard.criteria)
        assert 0 <= report.total.percent <= report.total.upper_percent <= 100.0001


class _Crash:
    """A model that cannot read one particular conversation."""

    def __init__(self):
        self._real = load_model("auto")
        self.info = self._real.info

    def predict(self, readings):
        if any(reading.transcript.id == SAMPLE[3].id for reading in readings):
            raise ZeroDivisionError("客户原话不该出现在这里")
        return self._real.predict(readings)


def test_a_crash_on_one_conversation_is_told_there_and_costs_the_others_nothing():
    loaded = load_scorecard(CARDS[0])
    reports = list(Inspector(loaded.scorecard, loaded.rules, _Crash()).inspect_many(SAMPLE))
    sound = list(INSPECTORS[CARDS[0]].inspect_many(SAMPLE))
    assert len(reports) == len(SAMPLE)
    for number, (report, good) in enumerate(zip(reports, sound, strict=True)):
        if number == 3:
            told = [n for n in report.not_evaluated if n.code == "detector_failed"]
            assert told
            assert all("客户原话" not in n.reason and "ZeroDivisionError" in n.reason for n in told)
        else:
            assert report == good
