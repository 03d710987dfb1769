"""漏检率、查准率、查全率：已知真相的模拟里，抽一千次，估计无偏，95 % 区间至少盖住九百三十次。

真相是假想的：每一通人会不会判不合格、机器判没判、有没有标记，事先都定好；抽样用的正是服务所用的抽法。
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from qa_engine.domain.drawing import Candidate, draw
from qa_engine.domain.miss_rate import CriterionEstimate, DrawnCall, FrameCount, estimate_criteria
from qa_engine.domain.proportions import Share
from qa_engine.domain.sampling import (
    Conditions,
    Design,
    QuotaDesign,
    StratifiedDesign,
    StratumRule,
)
from qa_engine.domain.scorecard import Outcome

RUNS = 1000
LETTERS = {"F": Outcome.FAILED, "P": Outcome.PASSED, "E": Outcome.NOT_EVALUATED}


def flagged_and(rest: float, flagged: float = 1.0) -> StratifiedDesign:
    return StratifiedDesign((StratumRule("标记", Conditions(needs_review=True), flagged),), rest)


@dataclass(frozen=True)
class Habit:
    """How the machine errs on one criterion: shares of the calls of each kind."""

    missed: float
    missed_flagged: float
    failed: float = 0.05
    failed_flagged: float = 0.5
    wrong: float = 0.2


HABITS = {
    "漏检 1 %": Habit(0.01, 0.02),
    "漏检 1 %，多在标记的里面": Habit(0.003, 0.08),
    "漏检两成": Habit(0.2, 0.3),
    "一次也没有漏，一次也没有错": Habit(0.0, 0.0, wrong=0.0),
    "判得多，多半判错": Habit(0.02, 0.05, failed=0.3, wrong=0.7),
}
KEYS = tuple(HABITS)


@dataclass(frozen=True)
class Truth:
    """A made-up archive: per call whether it is flagged, and per criterion what was and would be said."""

    flagged: list[bool]
    machine: list[str]
    human: list[str]

    @property
    def candidates(self) -> list[Candidate]:
        return [
            Candidate(i + 1, ("", self.machine[i]), "标记" if flagged else None, f"坐席{i % 25}")
            for i, flagged in enumerate(self.flagged)
        ]

    def shares(self, place: int) -> tuple[float, float, float]:
        """Missed share, precision and recall of one criterion as they are."""
        bad = [letters[place] == "F" for letters in self.human]
        said = [letters[place] == "F" for letters in self.machine]
        both = sum(b and s for b, s in zip(bad, said, strict=True))
        return (sum(bad) - both) / len(bad), both / sum(said), both / sum(bad)


def make_truth(calls: int, flagged: float = 0.1, seed: int = 5) -> Truth:
    random = np.random.default_rng(seed)
    flags = random.random(calls) < flagged
    machine, human = [], []
    for habit in HABITS.values():
        failed = random.random(calls) < np.where(flags, habit.failed_flagged, habit.failed)
        silent = random.random(calls) < 0.05
        missed = random.random(calls) < np.where(flags, habit.missed_flagged, habit.missed)
        right = random.random(calls) >= habit.wrong
        machine.append(np.where(failed, "F", np.where(silent, "E", "P")))
        human.append(np.where(np.where(failed, right, missed), "F", "P"))
    return Truth(
        flags.tolist(),
        ["".join(one) for one in zip(*machine, strict=True)],
        ["".join(one) for one in zip(*human, strict=True)],
    )


@cache
def outcomes(letters: str) -> dict[str, Outcome]:
    return {key: LETTERS[letter] for key, letter in zip(KEYS, letters, strict=True)}


def sample(
    truth: Truth,
    candidates: list[Candidate],
    design: Design,
    seed: int,
    judged: Callable[[int], bool] = lambda _: True,
) -> dict[str, CriterionEstimate]:
    """Draw, have those drawn calls judged for which ``judged`` is true, and estimate."""
    picks, tallies = draw(design, seed, candidates)
    frame = []
    for tally in tallies:
        counts: dict[str, Counter[Outcome]] = {key: Counter() for key in KEYS}
        for (_, letters), calls in tally.verdicts.items():
            for key, outcome in outcomes(letters).items():
                counts[key][outcome] += calls
        frame.append(FrameCount(tally.probability, counts))
    drawn = [
        DrawnCall(
            pick.probability,
            outcomes(truth.machine[pick.report_id - 1]),
            outcomes(truth.human[pick.report_id - 1]) if judged(pick.report_id - 1) else {},
        )
        for pick in picks
    ]
    return {one.criterion: one for one in estimate_criteria(frame, drawn)}


# 名称：会话数，其中标记的，抽法。
DESIGNS: dict[str, tuple[int, float, Design]] = {
    "标记全看，其余一成": (500, 0.1, flagged_and(0.1)),
    "标记全看，其余只抽到十来通": (300, 0.1, flagged_and(0.05)),
    "标记的也只抽三成": (500, 0.2, flagged_and(0.08, 0.3)),
    "每名坐席两通": (300, 0.1, QuotaDesign("agent", 2)),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_estimates_are_unbiased_and_intervals_cover(name):
    calls, flagged, design = DESIGNS[name]
    truth = make_truth(calls, flagged)
    candidates = truth.candidates
    runs = [sample(truth, candidates, design, seed) for seed in range(RUNS)]
    for place, key in enumerate(KEYS):
        missed, precision, recall = truth.shares(place)
        for what, true, shares in (
            ("漏检", missed, [one[key].missed for one in runs]),
            ("查准", precision, [one[key].precision for one in runs]),
            ("查全", recall, [one[key].recall for one in runs]),
        ):
            covered = sum(one.low - 1e-9 <= true <= one.high + 1e-9 for one in shares)
            assert covered >= 0.93 * RUNS, f"{key}，{what}：{covered} 次盖住真值 {true:.4f}"
        assert_unbiased(missed, [one[key].missed for one in runs])
        assert_unbiased(precision, [one[key].precision for one in runs])


def assert_unbiased(true: float, shares: list[Share]) -> None:
    values = np.array([one.value for one in shares if one.value is not None])
    assert len(values) >= 100
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - true) <= 4.5 * error + 1e-12


TRUTH = make_truth(400)
FLAGGED_MOSTLY = "漏检 1 %，多在标记的里面"
OFTEN = "漏检两成"


def test_counting_reviewed_calls_alone_would_mislead():
    """What the estimator is for: flagged calls are not like the others."""
    missed, _, _ = TRUTH.shares(KEYS.index(FLAGGED_MOSTLY))
    candidates = TRUTH.candidates
    shares = [
        sample(TRUTH, candidates, flagged_and(0.15), seed)[FLAGGED_MOSTLY].missed for seed in range(100)
    ]
    naive = np.mean([share.hits / share.judged for share in shares])
    assert naive > 2 * missed
    assert np.mean([share.value for share in shares]) == pytest.approx(missed, rel=0.2)


class TestUnfinishedReviews:
    def test_reviewed_at_random_the_estimate_stays_unbiased(self):
        random, candidates = np.random.default_rng(3), TRUTH.candidates
        shares = [
            sample(TRUTH, candidates, flagged_and(0.1), seed, lambda _: random.random() < 0.7)[OFTEN].missed
            for seed in range(100)
        ]
        assert_unbiased(TRUTH.shares(KEYS.index(OFTEN))[0], shares)

    @pytest.mark.parametrize("hidden", ["F", "P"])
    def test_held_back_on_purpose_the_worst_interval_still_covers(self, hidden):
        random, candidates, place = np.random.default_rng(3), TRUTH.candidates, KEYS.index(OFTEN)
        missed, _, _ = TRUTH.shares(place)

        def judged(call: int) -> bool:
            return TRUTH.human[call][place] != hidden or random.random() < 0.2

        shares = [
            sample(TRUTH, candidates, flagged_and(0.1), seed, judged)[OFTEN].missed for seed in range(100)
        ]
        assert sum(one.worst_low - 1e-9 <= missed <= one.worst_high + 1e-9 for one in shares) >= 93
        # 而以为已复核的就是随机的一部分，会错得多。
        assert sum(one.low <= missed <= one.high for one in shares) < 70

    def test_nothing_reviewed_says_nothing(self):
        estimate = sample(TRUTH, TRUTH.candidates, flagged_and(0.1), 1, lambda _: False)[OFTEN]
        assert estimate.missed.value is None
        assert estimate.missed.judged == 0
        assert estimate.missed.low == 0.0
        assert estimate.missed.high == pytest.approx(1 - estimate.machine_failed / estimate.calls)


class TestCounting:
    FRAME = (
        FrameCount(1.0, {"k": {Outcome.FAILED: 2, Outcome.PASSED: 1}}),
        FrameCount(0.5, {"k": {Outcome.FAILED: 0, Outcome.PASSED: 3, Outcome.NOT_EVALUATED: 1}}),
    )

    def drawn(self, *said: tuple[float, Outcome, Outcome | None]) -> CriterionEstimate:
        calls = [
            DrawnCall(chance, {"k": machine}, {} if human is None else {"k": human})
            for chance, machine, human in said
        ]
        return estimate_criteria(self.FRAME, calls)[0]

    def test_by_hand(self):
        estimate = self.drawn(
            (1.0, Outcome.FAILED, Outcome.FAILED),
            (1.0, Outcome.FAILED, Outcome.PASSED),
            (1.0, Outcome.PASSED, Outcome.PASSED),
            (0.5, Outcome.PASSED, Outcome.FAILED),
            (0.5, Outcome.NOT_EVALUATED, Outcome.PASSED),
        )
        assert (estimate.calls, estimate.machine_failed) == (7, 2)
        # 其余四通里抽到两通，一通漏检：估计漏两通。
        assert estimate.missed.value == pytest.approx(2 / 7)
        assert estimate.missed_of_not_failed.value == pytest.approx(2 / 5)
        assert estimate.precision.value == estimate.precision.low == estimate.precision.high == 0.5
        assert estimate.recall.value == pytest.approx(1 / 3)
        assert estimate.missed_unjudged == 0

    def test_a_miss_the_machine_did_not_call_clean_is_told_apart(self):
        estimate = self.drawn(
            (0.5, Outcome.NOT_EVALUATED, Outcome.FAILED), (0.5, Outcome.PASSED, Outcome.PASSED)
        )
        assert estimate.missed.hits == 1
        assert estimate.missed_unjudged == 1

    def test_a_human_who_cannot_tell_has_not_judged(self):
        estimate = self.drawn((0.5, Outcome.PASSED, Outcome.NOT_EVALUATED), (0.5, Outcome.PASSED, None))
        assert (estimate.missed.drawn, estimate.missed.judged) == (2, 0)

    def test_criteria_some_calls_do_not_have_are_estimated_on_the_others(self):
        frame = [FrameCount(1.0, {"old": {Outcome.PASSED: 2}, "new": {Outcome.PASSED: 1}})]
        calls = [
            DrawnCall(1.0, {"old": Outcome.PASSED}, {"old": Outcome.FAILED}),
            DrawnCall(
                1.0,
                {"old": Outcome.PASSED, "new": Outcome.PASSED},
                {"old": Outcome.PASSED, "new": Outcome.PASSED},
            ),
        ]
        old, new = estimate_criteria(frame, calls)
        assert (old.calls, old.missed.value) == (2, 0.5)
        assert (new.calls, new.missed.value) == (1, 0.0)

    def test_never_failed_has_no_precision(self):
        frame = [FrameCount(1.0, {"k": {Outcome.PASSED: 1}})]
        [estimate] = estimate_criteria(frame, [DrawnCall(1.0, {"k": Outcome.PASSED}, {"k": Outcome.PASSED})])
        assert estimate.precision.value is None
        assert estimate.recall.value is None
        assert (estimate.missed.low, estimate.missed.high) == (0.0, 0.0)
