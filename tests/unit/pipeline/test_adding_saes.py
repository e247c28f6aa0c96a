"""SAEs are added to a bundle without touching what is there."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from corpora import SmallCorpus, write_corpus
from test_build import Stopped, StopsAfter, contents

from saetui.core.feature_layout import laid_out
from saetui.errors import InputError
from saetui.pipeline.build import add_saes, build_bundle
from saetui.pipeline.finishing import BuildOutcome
from saetui.progress import Silent
from saetui.session.session import Session
from saetui.session.splitting import compare_saes, matches_of, pairs_of, splitting
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.train.size import SaeSize

ADDED = (SaeSize(16, 2, "batchtopk"), SaeSize(32, 4, "matryoshka"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def built(small: SmallCorpus, tmp_path_factory: pytest.TempPathFactory) -> BuildOutcome:
    path = tmp_path_factory.mktemp("whole") / "small.bundle"
    return build_bundle(str(small.corpus), path, small.options(name="Named"), Silent())


@pytest.fixture
def bundle(built: BuildOutcome, tmp_path: Path) -> Path:
    path = tmp_path / "small.bundle"
    shutil.copytree(built.path, path)
    return path


@pytest.fixture(scope="module")
def extended(
    small: SmallCorpus, built: BuildOutcome, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("extended") / "small.bundle"
    shutil.copytree(built.path, path)
    add_saes(path, small.options(saes=ADDED), Silent())
    return path


def test_every_variant_becomes_a_whole_sae_of_the_bundle(
    built: BuildOutcome, extended: Path
) -> None:
    assert [finding for finding in check_bundle(extended) if not finding.ok] == []
    bundle = Bundle(extended)
    assert bundle.manifest.name == "Named"
    names = [sae.name for sae in bundle.manifest.saes]
    assert names == ["k4-n24", "batchtopk-k2-n16", "matryoshka-k4-n32"]
    before, after = contents(built.path), contents(extended)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"manifest.json", "build.json"}


def test_features_are_matched_between_all_saes(extended: Path) -> None:
    bundle = Bundle(extended)
    for one in bundle.manifest.saes:
        for other in bundle.manifest.saes:
            matches = bundle.sae(one.name).matches(other)
            if one is other:
                assert matches is None
                continue
            assert matches is not None
            directions = [bundle.sae(each.name).weights.directions for each in (one, other)]
            cosines = directions[0] @ directions[1].T
            np.testing.assert_allclose(matches.cosines[:, 0], cosines.max(axis=1), rtol=1e-5)
    found = compare_saes(bundle, "k4-n24", "matryoshka-k4-n32")
    parts = [len(found.recurrent), *map(len, found.split.values())]
    assert sum(parts) + len(found.novel) + len(found.inactive) == 32
    session = Session(bundle, "k4-n24")
    both = splitting(session, "k4-n24", "matryoshka-k4-n32")
    assert {outcome.feature for outcome in both.outcomes["novel"]} == set(found.novel)
    for feature in range(24):
        likes = matches_of(session, feature)
        assert [each.sae for each in likes] == ["batchtopk-k2-n16", "matryoshka-k4-n32"]
        assert all(each.matches for each in likes)
        smaller, larger = (each.parts for each in likes)
        assert smaller is None
        # What a feature becomes is the same whether one asks for it or for all of them.
        outcomes = [*both.outcomes["split"], *both.outcomes["recurrent"]]
        assert larger == next(
            (outcome.parts for outcome in outcomes if outcome.feature == feature), ()
        )
        nearest = likes[1].matches[0]
        rows = [
            set(bundle.sae(sae).postings.documents(number)[0].tolist())
            for sae, number in (("k4-n24", feature), ("matryoshka-k4-n32", nearest.feature))
        ]
        assert nearest.together == len(rows[0] & rows[1])
        either = len(rows[0] | rows[1])
        assert nearest.share == pytest.approx(nearest.together / either if either else 0)


def test_every_sae_has_a_map(extended: Path) -> None:
    bundle = Bundle(extended)
    for record in bundle.manifest.saes:
        sae = bundle.sae(record.name)
        assert sae.map is not None
        *_, last = laid_out(sae.weights.directions)
        assert np.array_equal(sae.map, last.places)


def test_pairs_of_saes_that_follow_one_another_come_first(extended: Path) -> None:
    small, middle, large = "batchtopk-k2-n16", "k4-n24", "matryoshka-k4-n32"
    assert pairs_of(Bundle(extended)) == [(small, middle), (middle, large), (small, large)]


def test_an_sae_that_is_gone_takes_its_matches_along(extended: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.bundle"
    shutil.copytree(extended, path)
    other = write_corpus(tmp_path / "other")
    # Of another model, so that no SAE fits any more.
    np.save(other.vectors, np.load(other.vectors)[:, ::-1])
    build_bundle(str(other.corpus), path, other.options(), Silent())
    assert [sae.name for sae in Bundle(path).manifest.saes] == ["k4-n24"]
    assert not list(path.rglob("*.npz"))
    assert [finding for finding in check_bundle(path) if not finding.ok] == []


def test_codes_of_a_batchtopk_differ_in_length(extended: Path) -> None:
    sae = Bundle(extended).sae("batchtopk-k2-n16")
    active = (sae.codes.indices >= 0).sum(axis=1)
    assert sae.codes.indices.shape[1] == sae.record.slots == 8
    assert sae.weights.threshold > 0
    assert len(np.unique(active)) > 1
    assert active.mean() == pytest.approx(2, abs=0.4)
    assert sae.codes.values[sae.codes.indices >= 0].min() > sae.weights.threshold


def test_the_stability_of_each_feature_is_kept(extended: Path) -> None:
    for sae in Bundle(extended).manifest.saes:
        stability = Bundle(extended).sae(sae.name).stability
        assert stability is not None
        assert stability.shape == (sae.n,)
        assert stability.mean() == pytest.approx(sae.metrics["stability"]["mean_max_cosine"])


def test_the_bundle_can_be_opened_while_an_sae_is_trained(
    small: SmallCorpus, bundle: Path, extended: Path
) -> None:
    with pytest.raises(Stopped):
        add_saes(bundle, small.options(saes=ADDED), StopsAfter(4))
    assert [sae.name for sae in Bundle(bundle).manifest.saes] == ["k4-n24"]
    add_saes(bundle, small.options(saes=ADDED), Silent())
    assert contents(bundle) == contents(extended)


def test_what_is_there_is_not_trained_again(small: SmallCorpus, extended: Path) -> None:
    before = contents(extended)
    assert add_saes(extended, small.options(saes=ADDED), Silent()).steps == ()
    assert contents(extended) == before


def test_a_bundle_that_does_not_say_how_it_was_built_is_left_alone(
    small: SmallCorpus, bundle: Path
) -> None:
    (bundle / "build.json").unlink()
    before = contents(bundle)
    with pytest.raises(InputError, match="does not say how it was built"):
        add_saes(bundle, small.options(saes=ADDED), Silent())
    assert {name: data for name, data in contents(bundle).items() if name != ".lock"} == {
        name: data for name, data in before.items() if name != ".lock"
    }
