"""Evaluating steering: what is drawn, what judges see, and figures that can be checked by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle, make_documents

from saetui.core.changes import MODES
from saetui.core.scores import Term
from saetui.core.steering import shown
from saetui.errors import InputError
from saetui.evaluate.recognition import Comparison, Picks, Summary, recognised, shares_of_largest
from saetui.evaluate.steering import (
    LABELS,
    REWRITTEN,
    REWRITTEN_UP,
    SHOWN,
    STRENGTHS,
    Trial,
    eligible_features,
    run,
)
from saetui.evaluate.steering_setup import WORD_SPACE, WORDS, Prepared, prepare, word_judges
from saetui.interpret.terms.tokens import tokenize
from saetui.progress import Progress, Silent
from saetui.store.bundle import Bundle

QUERIES = ["black hole jets and plasma", "bleaching of coral reef", "attention head of a model"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    folder = make_bundle(tmp_path_factory.mktemp("bundles") / "a.bundle", documents=400, k=2, n=40)
    bundle = Bundle(folder)
    yield bundle
    bundle.close()


@pytest.fixture(scope="module")
def prepared(bundle: Bundle) -> Prepared:
    return prepare(bundle, bundle.sae(), HashEmbedder(), Silent(), count=30, seed=0)


def test_trials_raise_what_is_absent_and_lower_what_is_there(
    bundle: Bundle, prepared: Prepared
) -> None:
    assert len(prepared.trials) > 10
    eligible = set(eligible_features(bundle.sae().features).tolist())
    for trial in prepared.trials:
        assert trial.z[trial.up] == 0
        assert trial.z[trial.down] > 0
        assert len(set(trial.shown.tolist())) == SHOWN
        assert {trial.up, trial.down} <= set(trial.shown.tolist()) <= eligible


def test_the_same_seed_draws_the_same(bundle: Bundle, prepared: Prepared) -> None:
    again = prepare(bundle, bundle.sae(), HashEmbedder(), Silent(), count=30, seed=0)
    other = prepare(bundle, bundle.sae(), HashEmbedder(), Silent(), count=30, seed=1)

    def drawn(found: Prepared) -> list[tuple[str, int, int]]:
        return [(trial.query, trial.up, trial.down) for trial in found.trials]

    assert drawn(again) == drawn(prepared)
    assert drawn(other) != drawn(prepared)


def test_given_queries_are_used(bundle: Bundle) -> None:
    found = prepare(
        bundle, bundle.sae(), HashEmbedder(), Silent(), count=1, seed=0, queries=QUERIES
    )
    assert {trial.query for trial in found.trials} <= set(QUERIES)
    assert found.queries == 3


def test_features_that_nobody_can_be_asked_about_are_left_out(bundle: Bundle) -> None:
    records = bundle.sae().features
    some = eligible_features(records).tolist()
    unnamed = [replace(record, label="") for record in records]
    assert not len(eligible_features(unnamed))
    same = [replace(record, label="One name") for record in records]
    assert len(eligible_features(same)) == 1
    scored = [replace(record, f1=0.9 if record.id in some[:3] else 0.5) for record in records]
    assert eligible_features(scored).tolist() == some[:3]
    assert all(records[feature].density <= 0.2 for feature in some)


def test_judges_tell_documents_apart_by_words() -> None:
    documents = [(each.title, each.text) for each in make_documents(120)]
    labels = ["Bleaching", "Machine translation", "No such words"]
    for judge in word_judges(tokenize(documents), labels, np.array([4, 7, 9]), 0):
        values = judge.relevance
        assert values.shape == (120, 3)
        for label, word in ((0, "bleaching"), (1, "translation")):
            having = np.array([word in title.casefold() for title, _ in documents])
            assert values[having, label].mean() > values[~having, label].mean() + 1
        assert not values[:, 2].any()
        before, after = np.array([0, 1]), np.array([2, 3])
        expected = values[after].mean(axis=0) - values[before].mean(axis=0)
        compared = Comparison(before, after, np.array([9, 4]))
        np.testing.assert_allclose(judge.change(compared), expected[[2, 0]])
        picks = judge.picks([compared], Silent())
        np.testing.assert_array_equal(picks.up, shares_of_largest(expected[None, [2, 0]]))
        np.testing.assert_array_equal(picks.down, shares_of_largest(-expected[None, [2, 0]]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([0, 1, 0, 0, 0], [0, 1, 0, 0, 0]),
        ([0, 0, 0, 0, 0], [0.2, 0.2, 0.2, 0.2, 0.2]),
        ([2, 2, 1], [0.5, 0.5, 0]),
    ],
)
def test_a_pick_is_shared_where_a_judge_cannot_decide(
    changes: list[float], expected: list[float]
) -> None:
    shares = shares_of_largest(np.array([changes], np.float32))
    np.testing.assert_allclose(shares, [expected])


class Clairvoyant:
    """Knows the trials: the raised feature is always right, the lowered one from strength 2 on."""

    name = "clairvoyant"

    def __init__(self, trials: list[Trial], strengths: int) -> None:
        self._trials, self._strengths = trials, strengths

    def picks(self, comparisons: Sequence[Comparison], progress: Progress) -> Picks:
        up, down = (np.zeros((len(comparisons), SHOWN), np.float32) for _ in range(2))
        for place, comparison in enumerate(comparisons):
            trial = self._trials[place // self._strengths % len(self._trials)]
            np.testing.assert_array_equal(comparison.shown, trial.shown)
            up[place, trial.shown == trial.up] = 1
            late = place % self._strengths >= 2
            down[place, trial.shown == (trial.down if late else trial.up)] = 1
        return Picks(up, down)


def test_picks_go_to_their_trial_and_strength(prepared: Prepared) -> None:
    trials = prepared.trials
    curves = [prepared.bench.curve(mode, trials, (0.0, 0.2, 0.5)) for mode in ("delta", "codes")]
    for curve in recognised(curves, trials, [Clairvoyant(trials, 3)], Silent()):
        assert curve.found.shape == (len(trials), 3, 10)
        np.testing.assert_array_equal(curve.up["clairvoyant"], np.ones((len(trials), 3)))
        np.testing.assert_array_equal(curve.down["clairvoyant"], [[0, 0, 1]] * len(trials))


def test_curves_of_every_way(prepared: Prepared) -> None:
    embed = HashEmbedder().embed_query
    found = run(prepared.bench, prepared.trials, embed)
    found = recognised(found, prepared.trials, prepared.judges, Silent())
    curves = {each.way: each for each in found}
    assert list(curves) == [*MODES, LABELS, REWRITTEN, REWRITTEN_UP]
    for way in ("delta", "codes", LABELS, REWRITTEN):
        curve = curves[way]
        np.testing.assert_allclose(curve.fidelity[:, 0], 1, atol=1e-5)
        np.testing.assert_allclose(curve.nearness[:, 0], 1, atol=1e-5)
        assert not curve.replaced[:, 0].any()
        # Nothing changed, so that judges can only guess.
        for judge in (WORDS, WORD_SPACE):
            np.testing.assert_allclose(curve.up[judge][:, 0], 1 / SHOWN)
            np.testing.assert_allclose(curve.down[judge][:, 0], 1 / SHOWN)
    np.testing.assert_allclose(curves["codes"].fidelity, 1, atol=1e-5)
    for mode in MODES:
        curve = curves[mode]
        assert curve.having[:, -1].mean() > curve.having[:, 0].mean() + 0.3
        assert curve.lowered[:, -1].mean() < curve.lowered[:, 0].mean()
        assert curve.nearness[:, -1].mean() < curve.nearness[:, 0].mean()
        for judge in (WORDS, WORD_SPACE):
            assert curve.up[judge][:, -1].mean() > 0.6


def test_what_words_and_features_add_is_computed_once_for_all_strengths(
    prepared: Prepared,
) -> None:
    """Else each strength searches the words of every query again, which takes hours."""
    none = Term(np.empty(0, np.int64), np.empty(0, np.float32))
    words = lru_cache(12)(lambda text: none)
    shows = lru_cache(24)(lambda feature: shown(prepared.bench.postings, feature))
    bench = replace(prepared.bench, words=words, shows=shows)
    trials = prepared.trials
    assert len(trials) > 12
    bench.curve("both", trials)
    assert words.cache_info().misses == len({trial.query for trial in trials})
    assert shows.cache_info().misses <= 2 * len(trials)


def test_strengths_of_one_trial_are_those_of_all(prepared: Prepared) -> None:
    together = prepared.bench.curve("both", prepared.trials, (0.0, 0.5))
    alone = prepared.bench.curve("both", prepared.trials[10:11], (0.5,))
    np.testing.assert_array_equal(alone.found[0, 0], together.found[10, 1])
    np.testing.assert_array_equal(alone.before[0], together.found[10, 0])
    assert alone.nearness[0, 0] == pytest.approx(together.nearness[10, 1])
    assert alone.having[0, 0] == pytest.approx(together.having[10, 1])


def test_only_raising_leaves_what_is_there(prepared: Prepared) -> None:
    bench, trials = prepared.bench, prepared.trials
    raised = replace(bench, only="up").curve("delta", trials, (0.5,))
    both = bench.curve("delta", trials, (0.5,))
    assert raised.lowered.mean() > both.lowered.mean()
    assert raised.fidelity.mean() > both.fidelity.mean()


def test_summaries_are_means_with_intervals(prepared: Prepared) -> None:
    unjudged = prepared.bench.curve("delta", prepared.trials)
    (curve,) = recognised([unjudged], prepared.trials, prepared.judges, Silent())
    summary = Summary(len(prepared.trials), 0)
    points = summary.points(curve)
    assert [point.strength for point in points] == list(STRENGTHS)
    for column, point in enumerate(points):
        assert point.fidelity.value == pytest.approx(curve.fidelity[:, column].mean())
        assert point.up["words"].value == pytest.approx(curve.up["words"][:, column].mean())
        for estimate in (point.fidelity, point.nearness, point.up["words"]):
            assert estimate.low <= estimate.value + 1e-9
            assert estimate.value <= estimate.high + 1e-9
    middle = points[4]
    at = summary.at(curve, "fidelity", middle.fidelity.value)
    assert at.strength.value == pytest.approx(middle.strength)
    assert at.up["words"].value == pytest.approx(middle.up["words"].value)
    assert summary.at(curve, "fidelity", -0.5).strength.value is None


def test_what_cannot_be_evaluated_is_said(tmp_path: Path, bundle: Bundle) -> None:
    few = Bundle(make_bundle(tmp_path / "few.bundle", documents=12))
    with pytest.raises(InputError, match="12 documents are too few"):
        prepare(few, few.sae(), HashEmbedder(), Silent(), count=3, seed=0)
    few.close()
    with pytest.raises(InputError, match="No query activates"):
        prepare(bundle, bundle.sae(), HashEmbedder(), Silent(), count=3, seed=0, queries=[])
