from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from saetui.core.codec import Codes, Postings, build_postings
from saetui.core.group_tests import (
    compare_groups,
    corrected,
    finite_ratio,
    same_in_strata,
    share_interval,
)
from saetui.core.trend_tests import Trend, associate, average_ranks, thirds, trend_test

N, FEATURES = 400, 30


def some_postings(seed: int = 0) -> Postings:
    random = np.random.default_rng(seed)
    indices = np.array([random.choice(FEATURES, 4, replace=False) for _ in range(N)], np.int32)
    # Few different activations, so that many are equal.
    values = random.integers(1, 6, indices.shape).astype(np.float32)
    return build_postings(Codes(indices, values, FEATURES))


def dense(postings: Postings) -> NDArray[np.float64]:
    found = np.zeros((N, postings.n))
    for feature in range(postings.n):
        rows, values = postings.documents(feature)
        found[rows, feature] = values
    return found


def test_counts_and_totals_are_those_of_the_documents() -> None:
    postings, random = some_postings(), np.random.default_rng(1)
    among, numbers = random.random(N) < 0.3, random.random(N)
    active = dense(postings) > 0
    assert np.array_equal(postings.count(among), active[among].sum(axis=0))
    assert postings.total(numbers) == pytest.approx(numbers @ active)
    kept = postings.among(among)
    assert np.array_equal(dense(kept), dense(postings) * among[:, None])


@pytest.mark.parametrize("size_a", [3, 12, 60])
def test_rare_features_are_tested_exactly(size_a: int) -> None:
    random = np.random.default_rng(size_a)
    size_b = 500
    a = random.integers(0, size_a + 1, 40)
    b = np.minimum(random.integers(0, 30, 40), size_b)
    found = compare_groups(a, size_a, b, size_b, least=1)
    for i in np.flatnonzero(a + b > 0):
        table = [[a[i], b[i]], [size_a - a[i], size_b - b[i]]]
        assert found.p[i] == pytest.approx(stats.fisher_exact(table)[1], rel=1e-6)


def test_frequent_features_are_tested_by_nearly_the_same_p() -> None:
    a, b = np.array([1_400, 1_550, 3_000]), np.array([1_350, 1_250, 2_900])
    found = compare_groups(a, 5_000, b, 5_000)
    for i in range(3):
        exact = stats.fisher_exact([[a[i], b[i]], [5_000 - a[i], 5_000 - b[i]]])[1]
        assert found.p[i] == pytest.approx(exact, rel=0.1)


def test_tails_are_exact_in_groups_of_unequal_size() -> None:
    """A skewed count is more often far above what is expected than a normal one."""
    a = np.array([30, 45, 60, 0])
    found = compare_groups(a, 400, 4_000 - a, 79_600)
    for i in range(4):
        exact = stats.fisher_exact([[a[i], 4_000 - a[i]], [400 - a[i], 75_600 + a[i]]])[1]
        assert found.p[i] == pytest.approx(exact, rel=1e-5)


def test_of_few_documents_nothing_is_claimed() -> None:
    found = compare_groups(np.array([4, 5]), 10, np.array([0, 0]), 1_000, least=5)
    assert np.isnan(found.p[0])
    assert np.isnan(found.q[0])
    assert found.q[1] == found.p[1] < 1e-6


def test_ratio_and_keyness_have_a_direction() -> None:
    found = compare_groups(np.array([50, 5, 0]), 100, np.array([5, 50, 0]), 100)
    # As the shares beside it say.
    assert found.ratio[:2] == pytest.approx([10, 1 / 10])
    assert np.isnan(found.ratio[2])
    assert found.low[0] > 1 > found.high[1]
    assert found.keyness[0] == pytest.approx(-found.keyness[1])
    assert found.keyness[0] > 0
    g = stats.chi2_contingency([[50, 5], [50, 95]], correction=False, lambda_="log-likelihood")[0]
    assert found.keyness[0] ** 2 == pytest.approx(g)
    assert found.keyness[2] == 0
    # Half a document more would make 1.7 of the first, though the small group has fewer.
    few = compare_groups(np.array([0, 4]), 4, np.array([66, 0]), 1_000)
    assert np.isnan(few.ratio[0])
    assert finite_ratio(np.array([0]), 4, np.array([66]), 1_000)[0] == 1
    assert few.low[1] > 1
    assert few.ratio[1] > 100


def test_an_empty_group_proves_nothing() -> None:
    found = compare_groups(np.array([0]), 0, np.array([9]), 9)
    assert np.isnan(found.p[0])
    assert np.isnan(found.ratio[0])


def test_correction_is_that_of_benjamini_and_hochberg() -> None:
    p = np.random.default_rng(0).random(50) ** 3
    assert corrected(p) == pytest.approx(stats.false_discovery_control(p))
    with_gaps = np.insert(p, 7, np.nan)
    assert np.isnan(corrected(with_gaps)[7])
    assert np.delete(corrected(with_gaps), 7) == pytest.approx(corrected(p))


def test_shares_have_wilson_intervals() -> None:
    low, high = share_interval(np.array([0, 3, 10, 0]), np.array([10, 10, 10, 0]))
    for i, k in enumerate((0, 3, 10)):
        interval = stats.binomtest(k, 10).proportion_ci(method="wilson")
        assert (low[i], high[i]) == pytest.approx((interval.low, interval.high))
    assert (low[3], high[3]) == (0, 1)


def test_association_is_spearmans_on_documents_with_a_number() -> None:
    postings, random = some_postings(), np.random.default_rng(2)
    numbers = random.integers(0, 9, N).astype(np.float64)
    numbers[:50] = np.nan
    found = associate(postings, numbers)
    activations, known = dense(postings), ~np.isnan(numbers)
    for feature in range(FEATURES):
        own = activations[known, feature]
        rho = stats.spearmanr(own, numbers[known]).statistic
        assert found.rho[feature] == pytest.approx(rho)
        welch = stats.ttest_ind(numbers[known][own > 0], numbers[known][own == 0], equal_var=False)
        middle = (found.low[feature] + found.high[feature]) / 2
        assert middle == pytest.approx(found.mean[feature] - found.other_mean[feature])
        half = (found.high[feature] - found.low[feature]) / 2
        assert abs(middle / half * 1.96) == pytest.approx(abs(welch.statistic), rel=0.01)
    assert average_ranks(numbers[known]) == pytest.approx(stats.rankdata(numbers[known]))


def test_a_trend_is_of_shares_and_growth_of_the_corpus_is_none() -> None:
    random = np.random.default_rng(3)
    # Ever more documents, of which always a tenth has feature 0, and ever more have feature 1.
    time = np.sort(np.sqrt(random.random(N)))
    indices = np.full((N, 2), -1, np.int32)
    indices[random.random(N) < 0.2, 0] = 0
    indices[random.random(N) < time**3, 1] = 1
    postings = build_postings(Codes(indices, np.ones((N, 2), np.float32), 2))
    found = trend_of(postings, time)
    assert found.ends.p[0] > 0.05
    assert found.z[1] > 3
    assert found.ends.q[1] < 1e-3
    late, early = time >= np.sort(time)[N - N // 3 - 1], time <= np.sort(time)[N // 3]
    has = dense(postings)[:, 1] > 0
    assert found.ends.share_a[1] == pytest.approx(has[late].mean(), abs=0.01)
    assert found.ends.share_b[1] == pytest.approx(has[early].mean(), abs=0.01)
    # Within the rounding of N - 1, it is the correlation of presence and time.
    r = np.corrcoef(dense(postings)[:, 1], time)[0, 1]
    assert found.z[1] == pytest.approx(r * np.sqrt(N - 1))


@pytest.mark.parametrize(
    ("sizes", "borders"),
    [
        ([1, 1, 1, 1, 1, 1], (2, 4)),
        ([0, 2, 3, 2, 0], (2, 3)),
        ([19, 1], (1, 1)),
        ([1, 30], (1, 1)),
        ([0, 3], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_thirds_keep_equal_numbers_together(sizes: list[int], borders: tuple[int, int]) -> None:
    assert thirds(np.array(sizes, dtype=np.int64)) == borders


def trend_of(postings: Postings, numbers: NDArray[np.float64]) -> Trend:
    values, places, sizes = np.unique(numbers, return_inverse=True, return_counts=True)
    return trend_test(postings.by_place(places, len(values)), sizes, values)


def test_nothing_is_claimed_of_ends_that_lean_against_the_whole() -> None:
    """The highest third has less of the feature than the lowest, but its documents come late."""
    numbers = np.arange(300.0)
    has = ((numbers >= 80) & (numbers < 100)) | ((numbers >= 150) & (numbers < 200))
    sizes = np.ones(300, dtype=np.int64)
    found = trend_test(has[None, :].astype(np.int64), sizes, numbers)
    assert found.z[0] > 0 > found.ends.keyness[0]
    assert found.ends.p[0] == found.ends.q[0] == 1
    # Where both say the same, the difference is certain.
    early = trend_test((numbers < 50)[None, :].astype(np.int64), sizes, numbers)
    assert early.z[0] < 0
    assert early.ends.p[0] < 1e-6


def nearly_all_equal(random: np.random.Generator) -> NDArray[np.float64]:
    """Such as citations: most are zero."""
    return np.where(random.random(N) < 0.95, 0.0, random.integers(1, 9, N))


def uniform(random: np.random.Generator) -> NDArray[np.float64]:
    return random.random(N)


def mostly_late(random: np.random.Generator) -> NDArray[np.float64]:
    return np.floor(36 * random.random(N) ** 0.1)


@pytest.mark.parametrize("draw", [uniform, mostly_late, nearly_all_equal])
def test_chance_is_called_significant_no_more_often_than_promised(
    draw: Callable[[np.random.Generator], NDArray[np.float64]],
) -> None:
    postings = some_postings()
    called, after = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        group, numbers = random.random(N) < 0.3, draw(random)
        groups = compare_groups(
            postings.count(group), int(group.sum()), postings.count(~group), int((~group).sum())
        )
        found = (groups, trend_of(postings, numbers).ends, associate(postings, numbers).ends)
        called.append([(test.p < 0.05).mean() for test in found])
        after.append([(test.q < 0.05).any() for test in found])
    assert np.all(np.mean(called, axis=0) > 0)
    assert np.all(np.mean(called, axis=0) <= 0.05)
    assert np.all(np.mean(after, axis=0) <= 0.05)


def test_shares_are_compared_within_strata() -> None:
    """Two strata of very different shares, of which the groups have different parts."""
    size_a, size_b = np.array([900, 100]), np.array([100, 900])
    follows = np.array([[450, 10]]), np.array([[50, 90]])
    differs = np.array([[540, 20]]), np.array([[40, 80]])
    for (a, b), least, most in ((follows, 0.9, 1.0), (differs, 0.0, 1e-4)):
        assert least <= same_in_strata(a, size_a, b, size_b)[0] <= most
        assert compare_groups(a.sum(axis=1), 1_000, b.sum(axis=1), 1_000).p[0] < 1e-9
    # Within strata the lean is the other way.
    turned = same_in_strata(np.array([[400, 5]]), size_a, np.array([[60, 120]]), size_b)
    assert turned[0] == 1
    # By hand: 560 documents of A have it, 520 are expected, with a variance of 45.3.
    variance = 580 * 420 * 900 * 100 / (1_000**2 * 999) + 100 * 900 * 100 * 900 / (1_000**2 * 999)
    z = (540 - 580 * 0.9 + 20 - 100 * 0.1 - 0.5) / variance**0.5
    expected = 2 * stats.norm.sf(z)
    assert same_in_strata(differs[0], size_a, differs[1], size_b)[0] == pytest.approx(expected)
