"""评分: what a QA lead expects of points, and the laws no scorecard may break."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_engine.domain.finding import (
    ConditionResult,
    CriterionVerdict,
    Evidence,
    Finding,
    LookedAt,
    Nearest,
    NotEvaluable,
    Verdict,
)
from qa_engine.domain.scorecard import Criterion, Outcome, Scorecard, Section
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.scoring import grade, share_out, total

HIT, MISS, NA, NE = Verdict.HIT, Verdict.MISS, Verdict.NOT_APPLICABLE, Verdict.NOT_EVALUABLE
CALL = Transcript("t", tuple(Turn(Speaker.AGENT, "您好" * 5) for _ in range(12)))


def item(key, points=10, section="s", **more):
    return Criterion(key, f"项目{key}", section, points, **more)


def card(*criteria, pass_mark=80.0, weight=1.0):
    sections = (Section("s", "大项", weight), Section("z", "另一大项", 1.0))
    return Scorecard("k", "名", 1, "d", "线", pass_mark, sections, criteria)


def says(key, verdict, *, turns=(), confidence=1.0, fails_on_hit=True, applies=None, times=0):
    findings = tuple(Finding(key, (Evidence(t, 0, 2, "您好"),), confidence) for t in turns)
    missing = NotEvaluable("no_times", "没有时间戳") if verdict is NE else None
    result = ConditionResult(
        verdict, findings, missing=missing, occurrences=times or len(turns), confidence=confidence
    )
    when = None if applies is None else ConditionResult(applies)
    if applies is NE:
        when = ConditionResult(NE, missing=NotEvaluable("no_roles", "没有角色"))
    return CriterionVerdict(key, result, fails_on_hit, when)


def score(scorecard, verdicts, call=CALL):
    results = share_out(scorecard, grade(scorecard, {v.criterion: v for v in verdicts}, call))
    return results, total(scorecard, results)


OUTCOMES = [
    # (规则结论, 命中即失败, 适用条件) → 结果
    (HIT, True, None, Outcome.FAILED),
    (MISS, True, None, Outcome.PASSED),
    (HIT, False, None, Outcome.PASSED),
    (MISS, False, None, Outcome.FAILED),
    (NA, True, None, Outcome.NOT_APPLICABLE),
    (NE, True, None, Outcome.NOT_EVALUATED),
    (Verdict.PENDING, True, None, Outcome.NOT_EVALUATED),
    (HIT, True, HIT, Outcome.FAILED),
    (HIT, True, MISS, Outcome.NOT_APPLICABLE),
    (HIT, True, NA, Outcome.NOT_APPLICABLE),
    (HIT, True, NE, Outcome.NOT_EVALUATED),
    (NE, True, MISS, Outcome.NOT_APPLICABLE),
]


@pytest.mark.parametrize(("verdict", "fails_on_hit", "applies", "outcome"), OUTCOMES)
def test_every_verdict_becomes_one_of_four_outcomes(verdict, fails_on_hit, applies, outcome):
    (result,), _ = score(card(item("a")), [says("a", verdict, fails_on_hit=fails_on_hit, applies=applies)])
    assert result.outcome is outcome
    assert result.reason
    if outcome is Outcome.NOT_EVALUATED:
        assert result.code


def test_a_criterion_nobody_judged_is_told_not_passed():
    (result,), sum_ = score(card(item("a")), [])
    assert (result.outcome, result.code) == (Outcome.NOT_EVALUATED, "operator_failed")
    assert (sum_.percent, sum_.upper_percent, sum_.coverage, sum_.passed) == (0, 100, 0, None)


def test_weight_of_items_that_do_not_apply_is_shared_out():
    results, sum_ = score(card(item("a", 60), item("b", 40)), [says("a", NA), says("b", HIT, turns=[1])])
    assert [r.max for r in results] == [0, 100]
    assert (sum_.max, sum_.percent, sum_.coverage, sum_.passed) == (100, 0, 1, False)


def test_deduction_per_hit_is_capped_by_the_points():
    scorecard = card(item("a", 10, per_hit=4), item("b", 90))
    for hits, earned in [(1, 6), (2, 2), (3, 0), (9, 0)]:
        results, _ = score(scorecard, [says("a", HIT, turns=range(hits)), says("b", MISS)])
        assert results[0].earned == pytest.approx(earned)


def test_a_bonus_raises_the_points_but_never_above_the_maximum():
    scorecard = card(item("a", 90), item("b", 10), item("c", 5, scoring="add"), item("d", 20, scoring="add"))
    base = [says("a", MISS), says("b", HIT, turns=[2])]
    _, some = score(
        scorecard, [*base, says("c", HIT, fails_on_hit=False), says("d", MISS, fails_on_hit=False)]
    )
    _, more = score(
        scorecard, [*base, says("c", HIT, fails_on_hit=False), says("d", HIT, fails_on_hit=False)]
    )
    assert (some.points, some.max, more.points) == (95, 100, 100)


def test_a_bonus_never_makes_up_for_what_was_not_judged():
    scorecard = card(item("a", 10), item("b", 5, scoring="add"))
    _, sum_ = score(scorecard, [says("a", NE), says("b", HIT, fails_on_hit=False)])
    assert (sum_.percent, sum_.upper_percent, sum_.passed) == (0, 100, None)


def test_one_event_is_deducted_once_and_says_where():
    scorecard = card(item("rude", 20, event="态度"), item("words", 10, event="态度"), item("c", 70))
    results, sum_ = score(
        scorecard, [says("rude", HIT, turns=[3]), says("words", HIT, turns=[3]), says("c", MISS)]
    )
    assert [r.outcome for r in results[:2]] == [Outcome.FAILED, Outcome.FAILED]
    assert results[1].deducted_in == "rude"
    assert sum_.points == 80


def test_two_events_are_two_deductions():
    scorecard = card(item("rude", 20, event="态度"), item("words", 10, event="态度"), item("c", 70))
    _, sum_ = score(scorecard, [says("rude", HIT, turns=[3]), says("words", HIT, turns=[5]), says("c", MISS)])
    assert sum_.points == 70


def test_a_critical_failure_decides_whatever_the_points():
    scorecard = card(item("veto", 1, critical=True), item("b", 99), pass_mark=50)
    _, sum_ = score(scorecard, [says("veto", HIT, turns=[1]), says("b", MISS)])
    assert (sum_.critical_failure, sum_.passed) == (True, False)
    assert sum_.percent == 99


def test_an_open_critical_item_withholds_the_pass():
    scorecard = card(item("veto", 1, critical=True), item("b", 99), pass_mark=50)
    _, sum_ = score(scorecard, [says("veto", NE), says("b", MISS)])
    assert (sum_.percent, sum_.critical_failure, sum_.passed) == (99, False, None)


def test_shaky_evidence_goes_to_review_not_to_the_agents_score():
    (result,), sum_ = score(card(item("a")), [says("a", HIT, turns=[1], confidence=0.3)])
    assert (result.outcome, result.code) == (Outcome.NOT_EVALUATED, "shaky_evidence")
    assert result.evidence, "the reviewer must see what the doubt is about"
    assert sum_.upper_percent == 100


def test_inferred_roles_cap_the_confidence():
    shaky = dataclasses.replace(CALL, role_source="inferred", role_confidence=0.4)
    (result,), _ = score(card(item("a")), [says("a", HIT, turns=[1])], shaky)
    assert (result.outcome, result.code) == (Outcome.NOT_EVALUATED, "shaky_evidence")


def test_absence_names_where_it_looked_and_the_nearest_phrase():
    result = ConditionResult(MISS, looked_at=(LookedAt(0, 2),), nearest=Nearest(1, "喂你好", 0.62))
    verdict = CriterionVerdict("a", result, fails_on_hit=False)
    (row,), _ = score(card(item("a")), [verdict])
    assert "第 1–3 句" in row.reason
    assert "第 2 句（相似度 0.62）" in row.reason
    assert row.nearest == Nearest(1, "喂你好", 0.62)


# --- laws -----------------------------------------------------------------------------------------

verdicts = st.sampled_from([HIT, HIT, HIT, MISS, NA, NE])


@st.composite
def judged_cards(draw):
    criteria, said = [], []
    for n in range(draw(st.integers(1, 6))):
        points = draw(st.integers(1, 40))
        per_hit = draw(st.none() | st.integers(1, 40))
        criteria.append(
            item(
                f"c{n}",
                points,
                draw(st.sampled_from("sz")),
                per_hit=per_hit,
                critical=draw(st.booleans()),
                event=draw(st.sampled_from([None, "甲", "甲"])),
                scoring=draw(st.sampled_from(["deduct", "deduct", "deduct", "add"])),
            )
        )
        turns = draw(st.lists(st.integers(0, 3), unique=True, max_size=3))
        said.append(
            says(
                f"c{n}",
                draw(verdicts),
                turns=turns,
                confidence=draw(st.sampled_from([1.0, 0.9, 0.2])),
                fails_on_hit=draw(st.booleans()),
                applies=draw(st.sampled_from([None, None, HIT, MISS, NE])),
                times=draw(st.integers(0, 5)),
            )
        )
    return card(*criteria, weight=draw(st.sampled_from([0.5, 1.0, 2.0]))), said


@given(judged_cards())
def test_law_the_total_is_an_interval_within_bounds(case):
    results, sum_ = score(*case)
    assert 0 <= sum_.percent <= sum_.upper_percent <= 100 + 1e-9
    assert 0 <= sum_.coverage <= 1 + 1e-9
    assert all(-1e-9 <= r.earned <= max(r.max, r.weight) + 1e-9 for r in results)


@settings(max_examples=1000)
@given(judged_cards(), st.data())
def test_law_losing_a_judgement_never_raises_the_score(case, data):
    scorecard, said = case
    _, before = score(scorecard, said)
    lost = data.draw(st.integers(0, len(said) - 1))
    blind = [says(v.criterion, NE) if n == lost else v for n, v in enumerate(said)]
    results, after = score(scorecard, blind)
    assert after.percent <= before.percent + 1e-9
    assert results[lost].outcome is Outcome.NOT_EVALUATED
    assert not (after.passed is True and before.passed is not True)


@settings(max_examples=1000)
@given(judged_cards(), st.data())
def test_law_removing_a_violation_never_lowers_the_total(case, data):
    scorecard, said = case
    results, before = score(scorecard, said)
    failed = [n for n, r in enumerate(results) if r.outcome is Outcome.FAILED]
    if not failed:
        return
    mended = data.draw(st.sampled_from(failed))
    clean = [
        CriterionVerdict(v.criterion, ConditionResult(MISS if v.fails_on_hit else HIT), v.fails_on_hit)
        if n == mended
        else v
        for n, v in enumerate(said)
    ]
    _, after = score(scorecard, clean)
    assert after.percent >= before.percent - 1e-9
    assert not (before.passed is True and after.passed is not True)


@given(judged_cards())
def test_law_a_critical_failure_is_never_outvoted(case):
    results, sum_ = score(*case)
    if any(r.critical and r.outcome is Outcome.FAILED for r in results):
        assert sum_.passed is False
        assert sum_.critical_failure
