"""`saetui export` writes what other programs read."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from bundles import make_bundle
from command_line import Run

from saetui.core.codec import encode
from saetui.core.search import single
from saetui.interop.sae_folders import read_autoencoder
from saetui.store.bundle import Bundle

SAE = "k4-n24"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle") / "small.bundle")


@pytest.mark.parametrize("kind", ["saelens", "sparsify", "latent-sae"])
def test_an_sae_for_other_libraries(kind: str, run: Run, bundle: Path, tmp_path: Path) -> None:
    done = run("export", kind, bundle, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    opened = Bundle(bundle)
    found = read_autoencoder(tmp_path / "out")
    x = single(opened.embeddings[:])
    theirs, ours = encode(found.weights(found.n), x), encode(opened.sae(None).weights, x)
    np.testing.assert_allclose(theirs.values, ours.values, atol=1e-5)
    settings = json.loads((tmp_path / "out" / "cfg.json").read_text())
    if kind == "saelens":
        assert settings["metadata"]["sae_lens_version"].startswith("6.")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_features_for_neuronpedia(run: Run, bundle: Path, tmp_path: Path) -> None:
    done = run("export", "neuronpedia", bundle, "-o", tmp_path)
    assert done.code == 0, done.err
    sae = Bundle(bundle).sae(None)
    folder = next(tmp_path.glob(f"*/{sae.record.name}"))
    assert {path.name for path in folder.glob("*.jsonl")} == {
        "release.jsonl", "model.jsonl", "sourceset.jsonl", "source.jsonl",
    }  # fmt: skip
    features = lines(folder / "features" / "batch-0.jsonl.gz")
    assert [line["index"] for line in features] == [str(i) for i in range(sae.record.n)]
    explanations = lines(folder / "explanations" / "batch-0.jsonl.gz")
    named = {record.id: record.label for record in sae.features if record.label}
    assert {int(line["index"]): line["description"] for line in explanations} == named
    assert len({line["id"] for line in explanations}) == len(explanations)
    assert all(line["authorId"] for line in explanations)
    activations = lines(folder / "activations" / "batch-0.jsonl.gz")
    rows, values = sae.postings.documents(1)
    ours = [line for line in activations if line["index"] == "1"]
    assert [line["maxValue"] for line in ours] == pytest.approx(values[:20].tolist())
    assert ours[0]["tokens"] == [Bundle(bundle).documents.document(int(rows[0])).embedding_text]
    again = (folder / "activations" / "batch-0.jsonl.gz").read_bytes()
    run("export", "neuronpedia", bundle, "-o", tmp_path)
    assert (folder / "activations" / "batch-0.jsonl.gz").read_bytes() == again


def test_documents_for_embedding_atlas(run: Run, bundle: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    done = run("export", "atlas", bundle, "-o", tmp_path / "out.parquet")
    assert done.code == 0, done.err
    assert "--neighbors neighbors" in done.out
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    opened = Bundle(bundle)
    x = single(opened.embeddings[:])
    assert [row["id"] for row in rows] == [document.id for document in opened.documents]
    np.testing.assert_allclose(np.array([row["vector"] for row in rows]), x, atol=1e-6)
    place = np.array([[row["projection_x"], row["projection_y"]] for row in rows])
    assert np.linalg.matrix_rank(place) == 2
    np.testing.assert_allclose(place.mean(axis=0), 0, atol=1e-4)
    cosines = x @ x.T
    np.fill_diagonal(cosines, -2)
    for number, row in enumerate(rows):
        near = row["neighbors"]
        assert number not in near["ids"]
        assert len(near["ids"]) == 10
        assert near["distances"] == sorted(near["distances"])
        np.testing.assert_allclose(
            1 - np.array(near["distances"]), -np.sort(-cosines[number])[:10], atol=1e-3
        )
    codes = opened.sae(None).codes
    assert rows[3]["features"] == [i for i in codes.indices[3].tolist() if i >= 0]


def test_other_formats_are_named(run: Run, bundle: Path, tmp_path: Path) -> None:
    failed = run("export", "onnx", bundle, "-o", tmp_path / "x")
    assert failed.code == 1
    assert "Choose one of saelens, sparsify, latent-sae, neuronpedia, atlas." in failed.err
