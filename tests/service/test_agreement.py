"""一致性：Cohen 与 Fleiss 的 Kappa 与文献和既有程序一致，没有定义时说明原因，区间的覆盖率。"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from qa_engine.domain.agreement import CATEGORIES, MIN_CALLS, Agreement, cohen, fleiss
from qa_engine.domain.calibration import check_marks, compare
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.scorecard import Criterion, Outcome

P, F, N, E = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE, Outcome.NOT_EVALUATED
OUTCOMES = st.sampled_from(CATEGORIES)
PAIRS = st.lists(st.lists(st.tuples(OUTCOMES, OUTCOMES), max_size=4), max_size=30)


def each(pairs: list[tuple[Outcome, Outcome]]) -> Agreement:
    """One criterion a call."""
    return cohen([[pair] for pair in pairs])


class TestCohen:
    def test_a_table_counted_by_hand(self):
        # 20 同判合格，15 同判不合格，5 + 10 不一致：Po = 0.7，Pe = 0.5 × 0.6 + 0.5 × 0.4 = 0.5。
        found = each([(P, P)] * 20 + [(P, F)] * 5 + [(F, P)] * 10 + [(F, F)] * 15)
        assert found.observed == pytest.approx(0.7)
        assert found.kappa == pytest.approx(0.4)
        assert (found.items, found.calls) == (50, 50)

    @given(PAIRS)
    def test_it_is_what_scikit_learn_says(self, pairs):
        found = cohen(pairs)
        flat = [pair for call in pairs for pair in call]
        assert found.items == len(flat)
        if found.kappa is None:
            assert found.reason
            assert len({outcome for pair in flat for outcome in pair}) <= 1
        else:
            one, other = zip(*flat, strict=True)
            assert found.kappa == pytest.approx(cohen_kappa_score(one, other))

    @given(PAIRS)
    def test_who_is_first_does_not_matter(self, pairs):
        found, turned = cohen(pairs), cohen([[(b, a) for a, b in call] for call in pairs])
        assert found.kappa == pytest.approx(turned.kappa)
        assert found.observed == pytest.approx(turned.observed)

    @given(PAIRS)
    def test_an_interval_holds_its_kappa_or_is_not_given_with_the_reason(self, pairs):
        found = cohen(pairs)
        assert (found.low is None) == (found.high is None) == (found.reason is not None)
        if found.low is not None and found.kappa is not None and found.high is not None:
            assert -1.0 <= found.low <= found.kappa + 1e-9
            assert found.kappa - 1e-9 <= found.high <= 1.0
            assert found.calls >= MIN_CALLS

    def test_equal_judgements_give_equal_intervals(self):
        pairs = [[(P, P)], [(F, P)], [(F, F)], [(P, P)]] * 5
        assert cohen(pairs) == cohen(pairs)


class TestFleiss:
    def test_a_table_by_the_formula_of_the_paper(self):
        counts = [[0, 2, 6, 4], [0, 3, 9, 0], [7, 5, 0, 0], [2, 2, 8, 0], [6, 5, 1, 0]]
        ratings = [[[CATEGORIES[k] for k, n in enumerate(row) for _ in range(n)]] for row in counts]
        shares = np.array(counts).sum(0) / 60
        agreeing = [(sum(n * n for n in row) - 12) / 132 for row in counts]
        expected = (np.mean(agreeing) - (shares**2).sum()) / (1 - (shares**2).sum())
        assert fleiss(ratings).kappa == pytest.approx(expected)

    @given(st.lists(st.lists(OUTCOMES, min_size=3, max_size=3), min_size=1, max_size=20))
    def test_observed_agreement_is_that_of_all_pairs(self, items):
        found = fleiss([[item] for item in items])
        pairs = [a is b for item in items for a, b in combinations(item, 2)]
        assert found.observed == pytest.approx(np.mean(pairs))

    @given(st.lists(st.lists(OUTCOMES, min_size=4, max_size=4), min_size=1, max_size=20), st.randoms())
    def test_raters_have_no_order(self, items, shuffled):
        mixed = [shuffled.sample(item, len(item)) for item in items]
        assert fleiss([[item] for item in items]).kappa == pytest.approx(
            fleiss([[item] for item in mixed]).kappa
        )

    @pytest.mark.parametrize("ratings", [[[[P]]], [[[P, F]], [[P, F, F]]]])
    def test_a_changing_number_of_raters_is_a_mistake(self, ratings):
        with pytest.raises(ValueError):
            fleiss(ratings)


class TestUndefined:
    @pytest.mark.parametrize(
        ("pairs", "kappa", "words"),
        [
            ([], None, "没有双方都判过"),
            ([(P, P)] * 30, None, "没有定义"),
            ([(P, F)] * (MIN_CALLS - 1), 0.0, "不足"),
            ([(P, P)] * 29 + [(P, F)], 0.0, "几乎全部相同"),
            ([(P, P)] * 20 + [(F, F)] * 20, 1.0, "完全一致"),
        ],
    )
    def test_what_cannot_be_said_is_told_with_the_reason(self, pairs, kappa, words):
        found = each(pairs)
        assert found.kappa == (None if kappa is None else pytest.approx(kappa))
        assert (found.low, found.high) == (None, None)
        assert words in (found.reason or "")


# 名称：两名复核员结论的联合分布（合格、不合格），通数。
JOINT = {
    "各半，30 通": ([[0.40, 0.10], [0.10, 0.40]], 30),
    "不合格很少，60 通": ([[0.85, 0.03], [0.04, 0.08]], 60),
    "三类，30 通": ([[0.50, 0.05, 0.02], [0.05, 0.20, 0.02], [0.02, 0.04, 0.10]], 30),
}


@pytest.mark.parametrize("name", JOINT)
def test_intervals_cover_the_true_kappa(name):
    joint, calls = JOINT[name]
    table = np.array(joint)
    chance = float(table.sum(0) @ table.sum(1))
    true = (np.trace(table) - chance) / (1 - chance)
    random = np.random.default_rng(17)
    given_, covered = 0, 0
    for _ in range(150):
        cells = random.choice(table.size, calls, p=table.ravel())
        found = each([(CATEGORIES[c // len(table)], CATEGORIES[c % len(table)]) for c in cells])
        if found.low is not None and found.high is not None:
            given_ += 1
            covered += found.low <= true <= found.high
    assert given_ >= 135
    # 自助法不是精确的：90 % 以下就不能叫 95 % 区间了。
    assert covered >= 0.91 * given_


def test_criteria_of_one_call_belong_together():
    """Ten criteria of a call that always err together are no ten calls: the interval must be as wide."""
    calls = [(P, P), (F, F), (P, F), (F, P), (P, P), (F, F)] * 4
    alone, tenfold = each(calls), cohen([[pair] * 10 for pair in calls])
    assert tenfold.kappa == pytest.approx(alone.kappa)
    assert (tenfold.low, tenfold.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


class TestCompare:
    CALLS, KEYS = (1, 2, 3), ("a", "b")

    def marks(self, **said: str) -> dict[tuple[int, str, str], Outcome]:
        """``said``: reviewer → six letters, call by call."""
        letters = {"P": P, "F": F, "N": N}
        places = [(call, key) for call in self.CALLS for key in self.KEYS]
        return {
            (call, who, key): letters[letter]
            for who, word in said.items()
            for (call, key), letter in zip(places, word, strict=True)
            if letter != "-"
        }

    def test_two_are_compared_where_both_judged(self):
        marks = self.marks(x="PFPFP-", y="PFFF-P")
        machine = {(call, key): P for call in self.CALLS for key in self.KEYS}
        found = compare(self.CALLS, ("x", "y"), self.KEYS, marks, machine)
        assert found.overall.among_people.items == 4
        assert found.overall.among_people.observed == 0.75
        assert found.overall.with_machine.items == 10
        assert [(one.first, one.second) for one in found.pairs] == [("x", "y"), ("x", None), ("y", None)]
        assert [one.criterion for one in found.criteria] == ["a", "b"]

    def test_three_are_compared_where_all_judged(self):
        marks = self.marks(x="PFPFPF", y="PFFFPF", z="PFP---")
        found = compare(self.CALLS, ("x", "y", "z"), self.KEYS, marks, {})
        assert found.overall.among_people.items == 3
        assert found.overall.among_people.observed == pytest.approx((1 + 1 + 1 / 3) / 3)

    def test_what_the_machine_did_not_judge_is_no_disagreement(self):
        marks = self.marks(x="PPPPPP", y="PPPPPF")
        machine = {(call, "a"): P for call in self.CALLS} | {(call, "b"): E for call in self.CALLS}
        found = compare(self.CALLS, ("x", "y"), self.KEYS, marks, machine)
        assert found.overall.with_machine.observed == 1.0
        assert (found.overall.with_machine.items, found.overall.machine_silent) == (6, 6)


ASKED = {
    "manners": Criterion("manners", "礼貌", "s", 5),
    "bonus": Criterion("bonus", "加分", "s", 5, scoring="add"),
}


class TestMarks:
    @pytest.mark.parametrize(
        ("marks", "field"),
        [
            ({}, "marks"),
            ({"unknown": P}, "marks.unknown"),
            ({"manners": E}, "marks.manners"),
            ({"bonus": F}, "marks.bonus"),
        ],
    )
    def test_what_nobody_can_say_is_refused(self, marks, field):
        with pytest.raises(Invalid) as refused:
            check_marks(marks, ASKED)
        assert refused.value.field == field

    def test_the_rest_may_be_said(self):
        check_marks({"manners": N, "bonus": P}, ASKED)
