"""抽检方案与抽法：什么样的方案说得通，抽到谁只由种子和编号决定，每一通被抽到的机会正是方案所说。"""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.drawing import Candidate, draw, permanent_number
from qa_engine.domain.periods import next_period, period_start
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.sampling import (
    REST,
    Conditions,
    PercentDesign,
    PlanSettings,
    QuotaDesign,
    RuleDesign,
    StratifiedDesign,
    StratumRule,
    settings_from_json,
    settings_to_json,
)

FLAGGED = Conditions(needs_review=True)
SHANGHAI = ZoneInfo("Asia/Shanghai")


class TestSettings:
    @pytest.mark.parametrize(
        ("make", "field"),
        [
            (lambda: RuleDesign(Conditions()), "where"),
            (lambda: RuleDesign(FLAGGED, 0), "limit"),
            (lambda: PercentDesign(0.0), "rate"),
            (lambda: PercentDesign(1.01), "rate"),
            (lambda: PercentDesign(float("nan")), "rate"),
            (lambda: StratifiedDesign((), 0.1), "strata"),
            (lambda: StratifiedDesign((StratumRule(REST, FLAGGED, 1.0),), 0.1), "strata"),
            (lambda: StratifiedDesign((StratumRule("a", FLAGGED, 1.0),) * 2, 0.1), "strata"),
            (lambda: StratifiedDesign((StratumRule("a", FLAGGED, 0.0),), 0.1), "strata[0].rate"),
            (lambda: StratifiedDesign((StratumRule("a", FLAGGED, 1.0),), 0.0), "rest_rate"),
            (lambda: QuotaDesign("agent", 0), "size"),
            (lambda: QuotaDesign("shift", 1), "by"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, make, field):
        with pytest.raises(Invalid) as refused:
            make()
        assert refused.value.field == field

    @pytest.mark.parametrize(
        "settings",
        [
            PlanSettings("card", PercentDesign(0.05), every="day"),
            PlanSettings("card", QuotaDesign("agent", 5), teams=("一组", "二组"), every="week", wait_days=3),
            PlanSettings("card", RuleDesign(Conditions(failed=("a",), attributes=(("来源", "APP"),)), 50)),
            PlanSettings(
                "card",
                StratifiedDesign(
                    (
                        StratumRule("标记", FLAGGED, 1.0),
                        StratumRule("投诉", Conditions(is_complaint=True, teams=("一组",)), 0.5),
                    ),
                    0.02,
                ),
                priority=0.9,
            ),
        ],
    )
    def test_settings_come_back_from_json_as_they_were(self, settings):
        stored = orjson.loads(orjson.dumps(settings_to_json(settings)))
        assert settings_from_json(settings.kind, stored) == settings

    @pytest.mark.parametrize(
        ("kind", "stored"),
        [
            ("lottery", {"scorecard_key": "card", "design": {"rate": 0.1}}),
            ("percent", {"scorecard_key": "card", "design": {"rate": 0.1, "luck": 1}}),
            ("percent", {"scorecard_key": "card", "design": {"rate": 7}}),
            ("percent", {"scorecard_key": "card"}),
            ("rule", {"scorecard_key": "card", "design": {"where": {"weather": "rain"}}}),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, kind, stored):
        with pytest.raises(Invalid):
            settings_from_json(kind, stored)

    def test_a_rule_speaks_of_matching_calls_only(self):
        assert PlanSettings("card", RuleDesign(FLAGGED)).about == "matching"
        assert PlanSettings("card", PercentDesign(0.1)).about == "all"


def calls(number: int, **fields: object) -> list[Candidate]:
    return [Candidate(i, **fields) for i in range(1, number + 1)]


class TestPermanentNumbers:
    def test_they_are_spread_evenly(self):
        numbers = np.array([permanent_number(42, i) for i in range(1, 20_001)])
        counts, _ = np.histogram(numbers, bins=20, range=(0.0, 1.0))
        # Chi-square with 19 degrees of freedom: 43.8 is passed once in a thousand.
        assert ((counts - 1000) ** 2 / 1000).sum() < 43.8
        assert 0.0 <= numbers.min() < numbers.max() < 1.0

    def test_two_seeds_have_nothing_to_do_with_each_other(self):
        first = np.array([permanent_number(1, i) for i in range(1, 5001)])
        second = np.array([permanent_number(2, i) for i in range(1, 5001)])
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.05

    @given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**53))
    def test_they_never_change(self, seed, report_id):
        assert permanent_number(seed, report_id) == permanent_number(seed, report_id)
        assert 0.0 <= permanent_number(seed, report_id) < 1.0


DESIGNS = [
    PercentDesign(0.3),
    StratifiedDesign((StratumRule("标记", FLAGGED, 1.0),), 0.1),
    QuotaDesign("agent", 2),
    RuleDesign(FLAGGED),
    RuleDesign(FLAGGED, 3),
]


class TestDrawing:
    @pytest.mark.parametrize("design", DESIGNS, ids=lambda design: type(design).__name__)
    @given(seed=st.integers(0, 2**63 - 1), number=st.integers(0, 60), shuffled=st.randoms())
    def test_the_order_of_the_calls_does_not_matter(self, design, seed, number, shuffled):
        found = [
            Candidate(i, ("", "P"), "标记" if i % 3 == 0 else None, f"A{i % 4}") for i in range(1, number + 1)
        ]
        mixed = list(found)
        shuffled.shuffle(mixed)
        picks, tallies = draw(design, seed, found)
        again, same = draw(design, seed, mixed)
        assert picks == again
        assert tallies == same
        assert sum(tally.calls for tally in tallies) == number
        assert Counter(pick.stratum for pick in picks) == {t.name: t.drawn for t in tallies if t.drawn}
        for tally in tallies:
            assert 0 <= tally.drawn <= tally.calls == sum(tally.verdicts.values())
            assert 0.0 < tally.probability <= 1.0

    def test_by_rate_one_draw_of_two_days_is_two_draws_of_one_day(self):
        design = PercentDesign(0.2)
        whole, _ = draw(design, 7, calls(1000))
        first, _ = draw(design, 7, calls(1000)[:400])
        second, _ = draw(design, 7, calls(1000)[400:])
        assert whole == first + second

    def test_flagged_calls_are_all_drawn(self):
        found = [Candidate(i, stratum="标记" if i <= 50 else None) for i in range(1, 1001)]
        picks, tallies = draw(DESIGNS[1], 9, found)
        assert {pick.report_id for pick in picks if pick.stratum == "标记"} == set(range(1, 51))
        assert {tally.name: tally.probability for tally in tallies} == {"标记": 1.0, REST: 0.1}

    def test_a_quota_takes_all_where_there_are_fewer(self):
        found = [Candidate(i, group="多" if i > 1 else None) for i in range(1, 12)]
        picks, tallies = draw(QuotaDesign("agent", 4), 3, found)
        drawn = {tally.name: (tally.calls, tally.drawn, tally.probability) for tally in tallies}
        assert drawn == {"多": (10, 4, 0.4), "未知": (1, 1, 1.0)}
        assert len(picks) == 5

    @pytest.mark.parametrize("design", DESIGNS, ids=lambda design: type(design).__name__)
    def test_every_call_is_drawn_as_often_as_its_probability_says(self, design):
        found = [
            Candidate(i, stratum="标记" if i % 5 == 0 else None, group=f"A{i % 3}") for i in range(1, 31)
        ]
        runs, drawn, probability = 2000, Counter(), {}
        for seed in range(runs):
            picks, _ = draw(design, random.Random(seed).getrandbits(63), found)
            drawn.update(pick.report_id for pick in picks)
            probability |= {pick.report_id: pick.probability for pick in picks}
        for report_id, chance in probability.items():
            error = (chance * (1 - chance) / runs) ** 0.5
            assert abs(drawn[report_id] / runs - chance) <= 4.5 * error
        assert len(probability) == 30


class TestPeriods:
    @pytest.mark.parametrize(
        ("period", "begin", "end"),
        [
            ("day", datetime(2026, 2, 28), datetime(2026, 3, 1)),
            ("week", datetime(2026, 2, 23), datetime(2026, 3, 2)),
            ("month", datetime(2026, 2, 1), datetime(2026, 3, 1)),
        ],
    )
    def test_begin_and_end(self, period, begin, end):
        moment = datetime(2026, 2, 28, 23, 59, tzinfo=SHANGHAI)
        start = period_start(moment, period, SHANGHAI)
        assert start == begin.replace(tzinfo=SHANGHAI)
        assert next_period(start, period) == end.replace(tzinfo=SHANGHAI)

    def test_the_zone_decides_the_day(self):
        moment = datetime(2026, 2, 28, 17, tzinfo=ZoneInfo("UTC"))
        assert period_start(moment, "day", SHANGHAI).day == 1

    def test_december_is_followed_by_january(self):
        start = datetime(2026, 12, 1, tzinfo=SHANGHAI)
        assert next_period(start, "month") == datetime(2027, 1, 1, tzinfo=SHANGHAI)
