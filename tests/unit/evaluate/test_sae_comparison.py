"""What a few features tell of a field, and which differences seeds alone do not make."""

import numpy as np
import pytest

from saetui.core.codec import Codes, Postings, build_postings
from saetui.evaluate.sparse_probe import by_figure, differences, probe_field

N, FEATURES = 400, 20


def postings_of(told: np.ndarray, random: np.random.Generator) -> Postings:
    """Feature 0 is active where it is told, the others at random."""
    indices = np.array([1 + random.choice(FEATURES - 1, 4, replace=False) for _ in range(N)])
    indices[told, 0] = 0
    values = (random.random(indices.shape) + 0.5).astype(np.float32)
    return build_postings(Codes(indices.astype(np.int32), values, FEATURES))


def test_a_field_is_probed_by_each_of_its_categories() -> None:
    random = np.random.default_rng(0)
    told = random.random(N) < 0.4
    chance = random.random(N) < 0.4
    targets = {"jets": told, "anything": chance, "never": np.zeros(N, dtype=bool)}
    embeddings = random.normal(size=(N, 6))
    probe = probe_field("topic", targets, postings_of(told, random), embeddings, sizes=(1, 3))
    assert probe is not None
    assert (probe.measure, probe.targets) == ("AUC", ("jets", "anything"))
    assert list(probe.scores) == [1, 3, 0]
    assert all(len(scores) == 3 for scores in probe.scores.values())
    # One category is told for certain, the other not at all.
    assert np.mean(probe.scores[1]) == pytest.approx(0.75, abs=0.06)
    assert np.mean(probe.scores[0]) == pytest.approx(0.5, abs=0.1)
    assert list(probe.figures) == ["AUC of topic, 1 features", "AUC of topic, 3 features"]
    assert probe_field("topic", {"never": targets["never"]}, postings_of(told, random)) is None


def test_a_number_is_probed_by_r2() -> None:
    random = np.random.default_rng(1)
    told = random.random(N) < 0.5
    probe = probe_field("year", {"year": told * 1.0}, postings_of(told, random), sizes=(1,))
    assert probe is not None
    assert probe.measure == "R2"
    assert probe.figures["R2 of year, 1 features"] > 0.7


def test_a_difference_is_claimed_only_beyond_the_noise_of_seeds() -> None:
    runs = {
        "small": [{"nMSE": value} for value in (0.30, 0.31, 0.32)],
        "large": [{"nMSE": value} for value in (0.20, 0.21, 0.22)],
        "alike": [{"nMSE": value} for value in (0.305, 0.32, 0.325)],
    }
    figures = by_figure(runs)
    assert figures["nMSE"]["small"].mean == pytest.approx(0.31)
    assert figures["nMSE"]["small"].spread == pytest.approx(0.01)
    large, alike = differences(figures)
    assert (large.sae, large.other, large.claimed) == ("large", "small", True)
    assert large.difference == pytest.approx(-0.1)
    # Two means of three with a standard deviation of .01, at four degrees of freedom.
    assert large.noise == pytest.approx(2.776 * 0.01 * np.sqrt(2 / 3), rel=2e-3)
    assert not alike.claimed


def test_one_seed_claims_nothing() -> None:
    (only,) = differences(by_figure({"a": [{"x": 1.0}], "b": [{"x": 2.0}, {"x": 2.1}]}))
    assert (only.noise, only.claimed) == (None, False)


def test_differences_that_are_chance_are_claimed_as_rarely_as_promised() -> None:
    random = np.random.default_rng(2)
    claimed = 0
    for _ in range(400):
        runs = {name: [{"x": value} for value in random.normal(size=3)] for name in "ab"}
        claimed += differences(by_figure(runs))[0].claimed
    assert 0.02 < claimed / 400 < 0.09
