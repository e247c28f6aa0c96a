"""What a job about features and one about families show to a model, collect and store."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.families import Families
from saetui.errors import InputError
from saetui.interpret.judging.scores import detection_scores
from saetui.interpret.llm import CostEstimate, FeatureExamples, Labels
from saetui.pipeline.feature_and_family_labels import FamilyLabels, FeatureLabels, split_of
from saetui.progress import Progress, Silent
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle

DISCS, MERGERS, NEVER = 1, 2, 23


class Noting:
    """A labeller that notes what it is shown."""

    def __init__(self) -> None:
        self.features: list[FeatureExamples] = []
        self.families: list[list[str]] = []

    def estimate(self, features: list[FeatureExamples]) -> CostEstimate:
        return CostEstimate(questions=len(features))

    def estimate_families(self, members: list[list[str]]) -> CostEstimate:
        return CostEstimate(questions=len(members))

    def label(self, features: list[FeatureExamples], progress: Progress) -> Labels:
        self.features = features
        return written()

    def label_families(self, members: list[list[str]], progress: Progress) -> Labels:
        self.families = members
        return written()


def written(version: str = "7") -> Labels:
    return Labels((), "llm", "openai:m", version, "2026-11-30")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "many.bundle", documents=400)


@pytest.fixture(autouse=True)
def embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "saetui.pipeline.feature_and_family_labels.load_embedder",
        lambda settings: HashEmbedder(settings.dimensions or 0),
    )


@pytest.fixture
def bundle(many: Path, tmp_path: Path) -> Iterator[Bundle]:
    folder = tmp_path / "own.bundle"
    shutil.copytree(many, folder)
    bundle = Bundle(folder)
    yield bundle
    bundle.close()


def features(bundle: Bundle, *numbers: int) -> FeatureLabels:
    return FeatureLabels(bundle, bundle.sae(), numbers, Silent())


def families(bundle: Bundle, *numbers: int) -> FamilyLabels:
    return FamilyLabels(bundle, bundle.sae(), numbers or None, Silent())


# Features.


def test_a_model_sees_labelling_documents_alone_and_is_judged_on_others(bundle: Bundle) -> None:
    job, labeller = features(bundle, DISCS, MERGERS), Noting()
    job.write(labeller, Silent())  # type: ignore[arg-type]
    assert [each.feature for each in labeller.features] == [DISCS, MERGERS]
    texts = [document.embedding_text for document in bundle.documents]
    labelling = {texts[row] for row in split_of(bundle, bundle.sae(), Silent()).split.labelling}
    judged = {texts[row] for row in job.trials.rows.tolist()}
    assert judged
    assert not judged & labelling
    codes = bundle.sae().codes
    for shown in labeller.features:
        active = {
            texts[row] for row in np.flatnonzero((codes.indices == shown.feature).any(axis=1))
        }
        positives, negatives = {each.text for each in shown.active}, {*shown.inactive}
        assert 5 <= len(positives) <= 10
        assert positives <= active & labelling
        assert negatives <= labelling - active
        assert len(negatives) == 6
        strengths = [each.level for each in shown.active]
        assert strengths == sorted(strengths, reverse=True)
        assert 0 < strengths[-1] < strengths[0] == 1


def test_features_that_no_document_activates_are_refused(bundle: Bundle) -> None:
    with pytest.raises(InputError, match="None of these features is active"):
        features(bundle, NEVER)
    assert list(features(bundle, NEVER, DISCS).labels) == [DISCS]


def test_an_estimate_is_about_the_same_questions(bundle: Bundle) -> None:
    job = features(bundle, DISCS, MERGERS)
    assert job.estimate(Noting()).questions == 2  # type: ignore[arg-type]
    assert families(bundle).estimate(Noting()).questions == 3  # type: ignore[arg-type]


def test_a_new_label_is_stored_with_its_scores(bundle: Bundle) -> None:
    job = features(bundle, DISCS, MERGERS)
    assert dict(job.labels) == {DISCS: "Accretion discs", MERGERS: "Black hole mergers"}
    assert job.add(DISCS, "Thin discs", written())
    assert dict(job.labels) == {DISCS: "Thin discs", MERGERS: "Black hole mergers"}
    # Nothing is in the bundle before the end.
    assert [label.text for label in bundle.sae().labels(DISCS)] == ["Accretion discs"]
    job.score()
    job.store()
    now = Bundle(bundle.path).sae()
    labels, scores = now.history(DISCS)
    assert [(label.text, label.method, label.model, label.prompt_version) for label in labels] == [
        ("Accretion discs", "terms", "", ""),
        ("Thin discs", "llm", "openai:m", "7"),
    ]
    of_new = {score.protocol for score in scores if score.version == 2}
    assert of_new == {"top", "deciles", "hard"}
    assert len(now.labels(MERGERS)) == 1
    assert {score.version for score in now.history(MERGERS)[1]} == {1}
    assert all(finding.ok for finding in check_bundle(bundle.path))


def test_the_same_label_again_is_known_but_another_prompt_is_not(bundle: Bundle) -> None:
    job = features(bundle, DISCS)
    job.add(DISCS, "Thin discs", written())
    job.store()
    again = features(Bundle(bundle.path), DISCS)
    assert not again.add(DISCS, "Thin discs", written())
    again.score()
    again.store()
    assert len(Bundle(bundle.path).sae().labels(DISCS)) == 2
    assert features(Bundle(bundle.path), DISCS).add(DISCS, "Thin discs", written("8"))


def test_scores_go_to_the_label_that_was_judged(bundle: Bundle) -> None:
    """A known label was judged again after a newer one had been stored."""
    for text in ("Thin discs", "Thick discs"):
        job = features(Bundle(bundle.path), DISCS)
        job.add(DISCS, text, written())
        job.store()
    job = features(Bundle(bundle.path), DISCS, MERGERS)
    assert not job.add(DISCS, "Thin discs", written())
    confidences = np.ones(len(job.trials.rows), dtype=np.float32)
    job.take(detection_scores("openai:judge", job.trials, confidences, job.size), {DISCS})
    job.store()
    now = Bundle(bundle.path).sae()
    versions = {score.version for score in now.history(DISCS)[1] if score.judge == "openai:judge"}
    assert versions == {2}
    # The other feature was not judged.
    assert all(score.judge != "openai:judge" for score in now.history(MERGERS)[1])


# Families.


def stored(bundle: Bundle) -> Families:
    """The families that are on disk now."""
    reopened = Bundle(bundle.path)
    families = reopened.sae().families
    reopened.close()
    return families


def test_a_model_sees_the_labels_of_members(bundle: Bundle) -> None:
    job, labeller = families(bundle), Noting()
    job.write(labeller, Silent())  # type: ignore[arg-type]
    sae = bundle.sae()
    assert labeller.families == [
        [sae.features[member].label for member in family.members] for family in sae.families
    ]
    assert list(families(bundle, 2).labels) == [2]


def test_families_without_labelled_members_are_refused(bundle: Bundle) -> None:
    with pytest.raises(InputError, match="None of these families has members with labels"):
        families(bundle, 99)


def test_a_family_is_renamed_scored_and_stored(bundle: Bundle) -> None:
    before = bundle.sae().families
    job = families(bundle)
    assert job.add(1, "Texts", written())
    assert dict(job.labels) == {0: before[0].label, 1: "Texts", 2: before[2].label}
    job.score()
    job.store()
    after = stored(bundle)
    assert [family.label for family in after] == [before[0].label, "Texts", before[2].label]
    assert (after[0], after[2]) == (before[0], before[2])
    assert [label.text for label in after[1].labels] == [before[1].label, "Texts"]
    newest = after[1].newest_label
    assert (newest.model, newest.prompt_version, newest.judge != "") == ("openai:m", "7", True)
    assert newest.f1 is not None
    assert all(finding.ok for finding in check_bundle(bundle.path))
    reopened = Bundle(bundle.path)
    again = families(reopened)
    assert not again.add(1, "Texts", written())
    assert again.add(1, "Texts", written("8"))
    reopened.close()


def test_only_judged_families_take_scores(bundle: Bundle) -> None:
    before = bundle.sae().families
    job = families(bundle)
    confidences = np.ones(len(job.trials.rows), dtype=np.float32)
    job.take(detection_scores("openai:judge", job.trials, confidences, job.size), {2})
    job.store()
    judges = [family.newest_label.judge for family in stored(bundle)]
    assert judges == [before[0].newest_label.judge, before[1].newest_label.judge, "openai:judge"]
