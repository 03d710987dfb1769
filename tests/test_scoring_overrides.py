"""改判后的总分：同一套算法，人的结论换下机器的；没有改判就与机器一分不差。"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_inspector import SAMPLE
from test_scoring import HIT, MISS, NE, card, item, judged_cards, says, score

from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.report_json import report_from_json, report_to_json
from qa_engine.domain.scorecard import Outcome
from qa_engine.inspector import Inspector
from qa_engine.scorecards import builtin_scorecards, load_scorecard
from qa_engine.scoring import HumanOutcome, override, total
from qa_engine.store.envelope import ShownTexts, cut_report, pack_body, put_back, unpack_body

PASSED, FAILED, NOT_APPLICABLE = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE


def overridden(scorecard, results, **said):
    given = {key: one if isinstance(one, HumanOutcome) else HumanOutcome(one) for key, one in said.items()}
    after = override(scorecard, results, given)
    return after, total(scorecard, after)


class TestOverride:
    def test_a_pass_gives_the_points_back(self):
        scorecard = card(item("a", 40), item("b", 60))
        results, before = score(scorecard, [says("a", HIT, turns=[1]), says("b", MISS)])
        _, after = overridden(scorecard, results, a=PASSED)
        assert (before.percent, before.passed) == (60, False)
        assert (after.percent, after.passed) == (100, True)

    def test_a_failure_takes_them(self):
        scorecard = card(item("a", 40), item("b", 60))
        results, _ = score(scorecard, [says("a", MISS), says("b", MISS)])
        rows, after = overridden(scorecard, results, a=FAILED)
        assert (after.percent, after.passed, rows[0].earned) == (60, False, 0)

    def test_what_does_not_apply_is_shared_out_anew(self):
        scorecard = card(item("a", 50), item("b", 25), item("c", 25))
        results, _ = score(scorecard, [says("a", HIT, turns=[1]), says("b", HIT, turns=[2]), says("c", MISS)])
        rows, after = overridden(scorecard, results, a=NOT_APPLICABLE)
        assert [row.max for row in rows] == [0, 50, 50]
        assert after.percent == 50

    def test_judging_what_the_machine_could_not_narrows_the_interval(self):
        scorecard = card(item("a", 50), item("b", 50))
        results, before = score(scorecard, [says("a", NE), says("b", MISS)])
        _, after = overridden(scorecard, results, a=PASSED)
        assert (before.percent, before.upper_percent, before.passed, before.coverage) == (50, 100, None, 0.5)
        assert (after.percent, after.upper_percent, after.passed, after.coverage) == (100, 100, True, 1)

    def test_a_critical_item_passed_by_hand_no_longer_decides(self):
        scorecard = card(item("veto", 1, critical=True), item("b", 99), pass_mark=50)
        results, _ = score(scorecard, [says("veto", HIT, turns=[1]), says("b", MISS)])
        assert overridden(scorecard, results, veto=PASSED)[1].passed is True

    def test_a_critical_item_failed_by_hand_decides(self):
        scorecard = card(item("veto", 1, critical=True), item("b", 99), pass_mark=50)
        results, _ = score(scorecard, [says("veto", MISS), says("b", MISS)])
        _, after = overridden(scorecard, results, veto=FAILED)
        assert (after.passed, after.critical_failure) == (False, True)

    @pytest.mark.parametrize(("turns", "earned"), [((), 6), ((3,), 6), ((3, 5), 2), ((3, 5, 7), 0)])
    def test_a_failure_by_hand_costs_once_for_every_turn_named(self, turns, earned):
        scorecard = card(item("a", 10, per_hit=4), item("b", 90))
        results, _ = score(scorecard, [says("a", MISS), says("b", MISS)])
        rows, _ = overridden(scorecard, results, a=HumanOutcome(FAILED, turns))
        assert rows[0].earned == pytest.approx(earned)

    def test_the_machines_count_of_a_failure_is_kept_when_others_change(self):
        scorecard = card(item("a", 10, per_hit=2), item("b", 90))
        results, before = score(scorecard, [says("a", HIT, turns=[1], times=3), says("b", HIT, turns=[2])])
        rows, after = overridden(scorecard, results, a=FAILED, b=PASSED)
        assert (before.points, rows[0].earned, after.points) == (4, 4, 94)

    def test_one_event_is_still_deducted_once(self):
        scorecard = card(item("rude", 20, event="态度"), item("words", 10, event="态度"), item("c", 70))
        results, _ = score(scorecard, [says("rude", HIT, turns=[3]), says("words", MISS), says("c", MISS)])
        _, same_turn = overridden(scorecard, results, words=HumanOutcome(FAILED, (3,)))
        _, other_turn = overridden(scorecard, results, words=HumanOutcome(FAILED, (5,)))
        assert (same_turn.points, other_turn.points) == (80, 70)

    def test_passing_the_payer_of_an_event_lets_the_other_pay(self):
        scorecard = card(item("rude", 20, event="态度"), item("words", 10, event="态度"), item("c", 70))
        results, before = score(
            scorecard, [says("rude", HIT, turns=[3]), says("words", HIT, turns=[3]), says("c", MISS)]
        )
        _, after = overridden(scorecard, results, rude=PASSED)
        assert (before.points, after.points) == (80, 90)

    def test_a_bonus_given_by_hand(self):
        scorecard = card(item("a", 90), item("b", 10), item("extra", 5, scoring="add"))
        results, _ = score(
            scorecard,
            [says("a", MISS), says("b", HIT, turns=[1]), says("extra", MISS, fails_on_hit=False)],
        )
        assert overridden(scorecard, results, extra=PASSED)[1].points == 95

    def test_a_report_of_another_revision_is_refused(self):
        results, _ = score(card(item("a")), [says("a", MISS)])
        with pytest.raises(ValueError, match="another revision"):
            override(card(item("b")), results, {})


def points(results):
    return [(r.key, r.outcome, r.earned, r.max, r.deducted_in, r.occurrences) for r in results]


@settings(max_examples=200)
@given(judged_cards())
def test_law_without_a_word_of_a_person_nothing_changes(case):
    scorecard, said = case
    results, before = score(scorecard, said)
    again = override(scorecard, results, {})
    assert points(again) == points(results)
    assert total(scorecard, again) == before


@settings(max_examples=200)
@given(judged_cards(), st.data())
def test_law_agreement_changes_nothing(case, data):
    scorecard, said = case
    results, before = score(scorecard, said)
    judged = [r for r in results if r.outcome is not Outcome.NOT_EVALUATED]
    agreed = data.draw(st.lists(st.sampled_from(judged), unique_by=lambda r: r.key)) if judged else []
    again = override(scorecard, results, {r.key: HumanOutcome(r.outcome) for r in agreed})
    assert total(scorecard, again) == before


@settings(max_examples=200)
@given(judged_cards(), st.data())
def test_law_passing_a_failed_item_never_lowers_the_score(case, data):
    scorecard, said = case
    results, before = score(scorecard, said)
    failed = [r.key for r in results if r.outcome is FAILED]
    if not failed:
        return
    mended = data.draw(st.sampled_from(failed))
    after = total(scorecard, override(scorecard, results, {mended: HumanOutcome(PASSED)}))
    assert after.percent >= before.percent - 1e-9
    assert not (before.passed is True and after.passed is not True)


@settings(max_examples=200)
@given(judged_cards(), st.data())
def test_law_the_total_stays_an_interval_within_bounds(case, data):
    scorecard, said = case
    results, _ = score(scorecard, said)
    human = {}
    for criterion in scorecard.criteria:
        allowed = [PASSED, NOT_APPLICABLE] if criterion.scoring == "add" else [PASSED, FAILED, NOT_APPLICABLE]
        outcome = data.draw(st.none() | st.sampled_from(allowed))
        if outcome is not None:
            turns = data.draw(st.lists(st.integers(0, 9), unique=True, max_size=3))
            human[criterion.key] = HumanOutcome(outcome, tuple(turns) if outcome is FAILED else ())
    rows = override(scorecard, results, human)
    sum_ = total(scorecard, rows)
    assert 0 <= sum_.percent <= sum_.upper_percent <= 100 + 1e-9
    assert all(row.outcome is human[row.key].outcome for row in rows if row.key in human)
    assert not any(r.critical and r.outcome is FAILED for r in rows) or sum_.passed is False


@pytest.mark.parametrize("key", builtin_scorecards())
def test_stored_reports_come_out_with_the_machines_own_score(key):
    loaded = load_scorecard(key)
    inspector = Inspector(loaded.scorecard, loaded.rules, NotEvaluable("no_model", "没有模型"))
    for call in SAMPLE[:12]:
        report = inspector.inspect(call)
        packed, _ = pack_body(cut_report(report_to_json(report), [turn.text for turn in call.turns]))
        stored = report_from_json(put_back(unpack_body(1, packed), "", ShownTexts(None)))
        again = override(loaded.scorecard, stored.criteria, {})
        assert total(loaded.scorecard, again) == report.total
        assert points(again) == points(report.criteria)
