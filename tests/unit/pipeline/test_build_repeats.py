"""Repeated texts are counted at the build, and no feature is made of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_documents

from saetui.embed import EmbedderSettings
from saetui.pipeline.build import build_bundle
from saetui.pipeline.options import BuildOptions
from saetui.progress import Silent
from saetui.store.bundle import Bundle
from saetui.train.options import TrainingOptions
from saetui.train.size import SaeSize

SAYING_NOTHING = ("No comment.", "Nothing to add.")


class Notes(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, list[str]]:
    """A bundle of 120 documents and 80 that say one of two things."""
    folder = tmp_path_factory.mktemp("repeats")
    texts = [document.text for document in make_documents(120)]
    texts += [SAYING_NOTHING[i % 2] for i in range(80)]
    (folder / "c.jsonl").write_text(
        "".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)), "utf-8"
    )
    np.save(folder / "v.npy", HashEmbedder(32).embed_documents(texts))
    options = BuildOptions(
        embedder=EmbedderSettings(f"precomputed:{folder / 'v.npy'}"),
        saes=(SaeSize(n=24, k=4),),
        training=TrainingOptions(max_epochs=15, learning_rate=3e-3),
        stability=False,
    )
    notes = Notes()
    build_bundle(str(folder / "c.jsonl"), folder / "x.bundle", options, notes)
    return Bundle(folder / "x.bundle"), notes.said


def test_they_are_counted_and_said(built: tuple[Bundle, list[str]]) -> None:
    bundle, said = built
    (sentence,) = [each for each in said if "documents read" in each]
    assert sentence.startswith("200 documents read. 78 repeat the text of an earlier document")
    assert bundle.manifest.corpus["report"]["remarks"]


def test_no_feature_is_about_them(built: tuple[Bundle, list[str]]) -> None:
    bundle, _ = built
    directions = bundle.sae().weights.directions
    repeated = np.asarray(bundle.embeddings[[120, 121]], dtype=np.float32)
    # Trained on all 200, the SAE has directions of a cosine of 0.85 to each of these two.
    assert (repeated @ directions.T).max() < 0.7


def said_of(count: int, folder: Path) -> str:
    """What a build says of so few documents."""
    texts = [document.text for document in make_documents(count)]
    corpus = folder / "c.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    np.save(folder / "v.npy", HashEmbedder(32).embed_documents(texts))
    notes = Notes()
    options = BuildOptions(
        embedder=EmbedderSettings(f"precomputed:{folder / 'v.npy'}"),
        training=TrainingOptions(max_epochs=1),
        stability=False,
    )
    build_bundle(str(corpus), folder / "x.bundle", options, notes)
    (said,) = (each for each in notes.said if " few for an SAE" in each)
    return said


def test_few_documents_are_said_to_be_few(tmp_path: Path) -> None:
    said = said_of(60, tmp_path)
    assert said.startswith("60 documents are few")
    assert "held-out lines of: saetui stats" in said


@pytest.mark.parametrize("count", [1, 2, 5, 19])
def test_of_a_handful_nothing_is_promised(count: int, tmp_path: Path) -> None:
    """No document is held out of so few, so no figure tells what holds for others."""
    said = said_of(count, tmp_path)
    assert said.startswith(f"{count} document{' is' if count == 1 else 's are'} few")
    assert "cannot show what holds for others" in said and "held-out" not in said
