"""Laws for every operator in every scope: live equals batch, final is final, nothing silently clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_samples import ANCHORS, EVERY_UNIT, SAMPLES, SCOPES, TEXTUAL, WHOLE, calls

from qa_engine.domain.finding import CriterionVerdict, NotEvaluable, Verdict
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.transcript import Channel, Speaker, Transcript
from qa_engine.rules import CriterionRule, Facts, RuleSet, compile_rules
from qa_engine.rules.operators import OPERATORS
from qa_engine.rules.operators.base import Need
from qa_engine.text.reading import read_transcript

HIT, MISS, PENDING = Verdict.HIT, Verdict.MISS, Verdict.PENDING
NOT_EVALUABLE, NOT_APPLICABLE = Verdict.NOT_EVALUABLE, Verdict.NOT_APPLICABLE
NO_MODEL = NotEvaluable("no_model", "没有模型")
EACH = pytest.mark.parametrize("name", sorted(OPERATORS))
Call = tuple[Transcript, Prediction]


@cache
def rules_of(name: str) -> RuleSet:
    """Every sample of one operator, plain and negated, in every scope it can be used in."""
    conditions: dict[str, object] = dict(ANCHORS)
    for number, sample in enumerate(SAMPLES[name]):
        for place, head in enumerate(_heads(name, sample)):
            conditions[f"s{number}_{place}"] = {**head, "test": {name: sample}}
        if name not in ("turn_count", "silence_count"):
            conditions[f"s{number}_not"] = {"test": {"not": {name: sample}}}
    mine = [key for key in conditions if key not in ANCHORS]
    criteria = {key: CriterionRule(fail_when=key) for key in mine}
    criteria["both"] = CriterionRule(
        pass_when={"all": [mine[0], {"not": mine[-1]}]}, applies_when="not sorry"
    )
    problems: list[Any] = []
    rules = compile_rules({}, conditions, criteria, lambda *problem: problems.append(problem))
    assert problems == []
    return rules


def _heads(name: str, sample: dict[str, Any]) -> list[dict[str, Any]]:
    kind = OPERATORS[name]
    config = kind.config_type.model_validate(sample)
    probe: list[Any] = []
    rules = compile_rules({}, {"probe": {"test": {name: sample}}}, {}, lambda *problem: probe.append(problem))
    condition = rules.names["probe"]
    level = condition.level  # type: ignore[union-attr]
    assert config is not None
    if level == "call":
        return WHOLE
    if level == "scope":
        return SCOPES
    return SCOPES + EVERY_UNIT + (TEXTUAL if kind.reads_text else [])


def judge(
    rules: RuleSet, transcript: Transcript, prediction: Prediction | NotEvaluable
) -> dict[str, CriterionVerdict]:
    return rules.evaluate(Facts(read_transcript(transcript), prediction))


def test_every_operator_has_samples() -> None:
    assert set(SAMPLES) == set(OPERATORS)


@EACH
def test_samples_can_hit_and_miss(name: str) -> None:
    """A law over verdicts that never vary would prove nothing."""
    seen: set[Verdict] = set()

    @settings(max_examples=60, database=None, derandomize=True)
    @given(calls())
    def look(call: Call) -> None:
        seen.update(verdict.result.verdict for verdict in judge(rules_of(name), *call).values())

    look()
    assert {HIT, MISS} <= seen


@EACH
@settings(max_examples=20)
@given(calls())
def test_live_is_final_and_ends_as_batch(name: str, call: Call) -> None:
    transcript, prediction = call
    rules = rules_of(name)
    at_start = {k: v for k, v in transcript.attributes.items() if k != "hangup_party"}
    session = rules.session(replace(transcript, turns=(), duration_ms=None, attributes=at_start), prediction)
    final: dict[str, Verdict] = {}
    for turn, said in zip(read_transcript(transcript).turns, prediction.turns, strict=True):
        for key, verdict in session.hear(turn, said).items():
            assert final.get(key, verdict.result.verdict) is verdict.result.verdict
            if verdict.result.verdict is not PENDING:
                final[key] = verdict.result.verdict
    batch = judge(rules, transcript, prediction)
    for key, verdict in final.items():
        assert batch[key].result.verdict is verdict, key
    assert PENDING not in {verdict.result.verdict for verdict in batch.values()}
    assert session.finish(transcript, prediction) == batch


@EACH
@settings(max_examples=8)
@given(calls())
def test_every_quote_is_in_the_original(name: str, call: Call) -> None:
    transcript, prediction = call
    for key, verdict in judge(rules_of(name), *call).items():
        assert verdict == rules_of(name).evaluate_one(key, Facts(read_transcript(transcript), prediction))
        for finding in verdict.result.findings:
            assert 0 <= finding.confidence <= 1
            for quote in finding.evidence:
                assert quote.quote
                assert quote.quote == transcript.turns[quote.turn].text[quote.start : quote.end]
        nearest = verdict.result.nearest
        assert nearest is None or nearest.quote in transcript.turns[nearest.turn].text
        for looked in verdict.result.looked_at:
            assert 0 <= looked.from_turn <= looked.to_turn < len(transcript.turns)


def _without_times(transcript: Transcript) -> Transcript:
    turns = tuple(replace(turn, start_ms=None, end_ms=None) for turn in transcript.turns)
    return replace(transcript, turns=turns, duration_ms=None)


def _without_roles(transcript: Transcript) -> Transcript:
    turns = tuple(replace(turn, speaker=Speaker.UNKNOWN) for turn in transcript.turns)
    return replace(transcript, turns=turns, role_source="unknown")


def _without_loudness(transcript: Transcript) -> Transcript:
    return replace(transcript, turns=tuple(replace(turn, signals={}) for turn in transcript.turns))


TAKEN_AWAY: dict[Need, Callable[[Transcript], Transcript]] = {
    Need.TIMES: _without_times,
    Need.DURATION: _without_times,
    Need.ROLES: _without_roles,
    Need.LOUDNESS: _without_loudness,
    Need.ATTRIBUTES: lambda transcript: replace(transcript, attributes={}),
    Need.CHANNEL: lambda transcript: replace(transcript, channel=Channel.UNKNOWN),
    Need.MODEL: lambda transcript: transcript,
}


@EACH
@settings(max_examples=12)
@given(calls())
def test_what_needs_something_says_so_when_it_is_missing(name: str, call: Call) -> None:
    """A condition that hit is never a silent miss once what it needs is taken away."""
    transcript, prediction = call
    rules = rules_of(name)
    batch = judge(rules, transcript, prediction)
    for need, take in TAKEN_AWAY.items():
        poorer = judge(rules, take(transcript), NO_MODEL if need is Need.MODEL else prediction)
        for key, verdict in batch.items():
            if verdict.result.verdict is not HIT or need not in rules.needs(key):
                continue
            now = poorer[key].result
            if _null_check(rules, key):
                continue
            assert now.verdict in (NOT_EVALUABLE, HIT, NOT_APPLICABLE), (key, need)
            if now.verdict is NOT_EVALUABLE:
                assert now.missing is not None
                assert now.missing.reason


def _null_check(rules: RuleSet, key: str) -> bool:
    """``null`` and ``not_null`` ask about the very absence, so taking the field away answers them."""
    config = getattr(next(iter(rules.conditions_of(key)[0].trial.operators())), "_config", None)
    return getattr(config, "relation", None) in ("null", "not_null")


@EACH
@settings(max_examples=8)
@given(calls())
def test_without_roles_no_verdict_on_roles(name: str, call: Call) -> None:
    transcript, prediction = call
    rules = rules_of(name)
    for key, verdict in judge(rules, _without_roles(transcript), prediction).items():
        if Need.ROLES in rules.needs(key) and key != "both":
            assert verdict.result.verdict is NOT_EVALUABLE, key


@EACH
@settings(max_examples=20)
@given(calls(), st.integers(0, 7), st.sampled_from(["speaker", "times", "loudness"]))
def test_knowing_less_never_turns_the_verdict(name: str, call: Call, at: int, lost: str) -> None:
    """One turn of unknown speaker (time, loudness) leaves a verdict as it was or makes it not evaluable."""
    transcript, prediction = call
    if at >= len(transcript.turns) or transcript.turns[at].speaker is Speaker.SYSTEM:
        return
    turn = transcript.turns[at]
    poorer = {
        "speaker": replace(turn, speaker=Speaker.UNKNOWN),
        "times": replace(turn, start_ms=None, end_ms=None),
        "loudness": replace(turn, signals={}),
    }[lost]
    turns = (*transcript.turns[:at], poorer, *transcript.turns[at + 1 :])
    before = judge(rules_of(name), transcript, prediction)
    after = judge(rules_of(name), replace(transcript, turns=turns), prediction)
    for key, verdict in after.items():
        assert verdict.result.verdict in (before[key].result.verdict, NOT_EVALUABLE), key


@EACH
@settings(max_examples=8)
@given(calls())
def test_findings_on_inferred_roles_are_no_surer_than_the_roles(name: str, call: Call) -> None:
    transcript, prediction = call
    rules = rules_of(name)
    inferred = replace(transcript, role_source="inferred", role_confidence=0.55)
    for key, verdict in judge(rules, inferred, prediction).items():
        if (
            key != "both"
            and rules.conditions_of(key)[0].leans_on_roles
            and verdict.result.verdict in (HIT, MISS)
        ):
            assert verdict.result.confidence <= 0.55, key
            assert all(finding.confidence <= 0.55 for finding in verdict.result.findings), key
