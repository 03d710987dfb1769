"""有限总体里比例的估计与区间：精确区间逐点验证，分层估计无偏，多层区间的覆盖率。"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, hypergeom

from qa_engine.domain.proportions import Share, Stratum, estimate_share, hypergeometric_bounds, scaled


def count(share: Share) -> tuple[int, int]:
    """The interval as numbers of calls."""
    return round(share.low * share.size), round(share.high * share.size)


class TestExactInterval:
    @pytest.mark.parametrize(("size", "sample"), [(40, 5), (60, 20), (200, 30), (25, 24), (10, 1)])
    def test_it_covers_every_truth_with_at_least_the_stated_confidence(self, size, sample):
        for truth in range(size + 1):
            chance = 0.0
            for hits in range(max(0, sample - (size - truth)), min(sample, truth) + 1):
                low, high = hypergeometric_bounds(size, sample, hits, 0.05)
                if low <= truth <= high:
                    chance += float(hypergeom.pmf(hits, size, truth, sample))
            assert chance >= 0.95 - 1e-9, f"真值 {truth}：覆盖 {chance}"

    def test_of_a_huge_population_it_is_clopper_and_pearsons(self):
        low, high = hypergeometric_bounds(10**7, 200, 6, 0.05)
        assert low / 10**7 == pytest.approx(beta.ppf(0.025, 6, 195), rel=1e-3)
        assert high / 10**7 == pytest.approx(beta.ppf(0.975, 7, 194), rel=1e-3)

    def test_nothing_seen_is_not_nothing_there(self):
        share = estimate_share([Stratum(2000, 30, 30, 0)])
        assert share.value == 0.0
        assert count(share) == (0, 229)


class TestStrata:
    def test_the_estimate_weighs_strata_by_their_size(self):
        share = estimate_share([Stratum(500, 500, 500, 100), Stratum(9500, 190, 190, 2)])
        assert share.value == pytest.approx((100 + 9500 * 2 / 190) / 10_000)

    def test_a_stratum_judged_completely_adds_no_width(self):
        alone = estimate_share([Stratum(9500, 190, 190, 2)])
        both = estimate_share([Stratum(500, 500, 500, 100), Stratum(9500, 190, 190, 2)])
        assert count(both) == tuple(100 + one for one in count(alone))

    def test_everything_judged_is_known_exactly(self):
        share = estimate_share([Stratum(7, 7, 7, 2), Stratum(3, 3, 3, 3)])
        assert (share.low, share.value, share.high) == (0.5, 0.5, 0.5)

    def test_of_a_stratum_nobody_judged_nothing_is_known(self):
        share = estimate_share([Stratum(60, 60, 60, 6), Stratum(40, 4, 0, 0)])
        assert share.value is None
        assert (share.low, share.high) == (0.06, 0.46)

    def test_without_calls_there_is_no_share(self):
        share = estimate_share([Stratum(0, 0, 0, 0)])
        assert share.value is None
        assert (share.low, share.high) == (0.0, 1.0)

    def test_impossible_numbers_are_refused(self):
        with pytest.raises(ValueError):
            Stratum(5, 6, 6, 0)

    def test_a_share_of_more_calls_shrinks_with_them(self):
        half = scaled(estimate_share([Stratum(100, 50, 50, 10)]), 0.5)
        assert half.value == pytest.approx(0.1)


@st.composite
def strata_of_any_kind(draw: st.DrawFn) -> list[Stratum]:
    found = []
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 400))
        drawn = draw(st.integers(0, size))
        judged = draw(st.integers(0, drawn))
        found.append(Stratum(size, drawn, judged, draw(st.integers(0, judged))))
    return found


STRATA = strata_of_any_kind()


class TestLaws:
    @given(STRATA)
    def test_limits_hold_what_was_seen_and_the_estimate(self, strata):
        share = estimate_share(strata)
        seen = sum(one.hits for one in strata) / share.size
        others = sum(one.judged - one.hits for one in strata) / share.size
        assert 0.0 <= share.worst_low <= share.low <= share.high <= share.worst_high <= 1.0 + 1e-12
        assert share.low >= seen - 1e-9
        assert share.high <= 1.0 - others + 1e-9
        if share.value is not None:
            assert share.low - 1e-9 <= share.value <= share.high + 1e-9

    @given(STRATA)
    def test_the_misses_mirror_the_hits(self, strata):
        share = estimate_share(strata)
        mirrored = estimate_share(
            [Stratum(one.size, one.drawn, one.judged, one.judged - one.hits) for one in strata]
        )
        assert mirrored.low == pytest.approx(1.0 - share.high, abs=1e-9)
        assert mirrored.worst_high == pytest.approx(1.0 - share.worst_low, abs=1e-9)

    @given(STRATA, st.floats(0.5, 0.94))
    def test_less_confidence_is_never_wider(self, strata, confidence):
        wide, narrow = estimate_share(strata), estimate_share(strata, confidence)
        assert wide.low <= narrow.low + 1e-9
        assert wide.high >= narrow.high - 1e-9

    @given(STRATA)
    def test_whatever_is_still_to_be_judged_the_worst_limits_hold_it(self, strata):
        share = estimate_share(strata)
        for rest in (0, 1):
            told = [
                Stratum(one.size, one.drawn, one.drawn, one.hits + rest * (one.drawn - one.judged))
                for one in strata
            ]
            later = estimate_share(told)
            assert share.worst_low <= later.low + 1e-9
            assert later.high <= share.worst_high + 1e-9


# 名称：各层的会话数、样本数、真实比例。几层的权重、几种稀有程度。
DESIGNS = {
    "两层，稀有": ([1000, 9000], [100, 90], [0.10, 0.01]),
    "两层，样本很小": ([300, 3000], [30, 20], [0.05, 0.01]),
    "三层，越大越稀有": ([500, 2500, 7000], [250, 125, 140], [0.2, 0.05, 0.005]),
    "五层": ([500, 1500, 2500, 3500, 5000], [100, 90, 80, 70, 60], [0.2, 0.1, 0.05, 0.01, 0.01]),
    "权重悬殊，都在重的一层": ([5000, 5000], [500, 20], [0.0, 0.05]),
    "权重悬殊，轻的一层全是": ([5000, 5000], [500, 20], [1.0, 0.9]),
    "各占一半": ([1000, 9000], [100, 90], [0.5, 0.5]),
    "四十名坐席各五通，1 %": (list(range(60, 140, 2)), [5] * 40, [0.01] * 40),
    "四十名坐席各五通，20 %": (list(range(60, 140, 2)), [5] * 40, [0.2] * 40),
    "四十名坐席各五通，90 %": (list(range(60, 140, 2)), [5] * 40, [0.9] * 40),
    "一通也没有": ([300, 9700], [100, 30], [0.0, 0.0]),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_intervals_of_several_strata_cover_the_truth(name):
    sizes, samples, shares = DESIGNS[name]
    hits = [round(size * share) for size, share in zip(sizes, shares, strict=True)]
    random = np.random.default_rng(11)
    seen = np.array(
        [
            hypergeom.rvs(size, hit, sample, size=1000, random_state=random)
            for size, hit, sample in zip(sizes, hits, samples, strict=True)
        ]
    ).T
    truth = sum(hits) / sum(sizes)
    estimates = [
        estimate_share([Stratum(*one) for one in zip(sizes, samples, samples, row.tolist(), strict=True)])
        for row in seen
    ]
    covered = sum(one.low - 1e-9 <= truth <= one.high + 1e-9 for one in estimates)
    assert covered >= 930
    values = np.array([one.value for one in estimates])
    error = max(values.std() / np.sqrt(len(values)), 1e-12)
    assert abs(values.mean() - truth) < 4 * error
