"""`saetui export` writes what other programs read."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from bundles import make_bundle
from command_line import Run

from saetui.cli.interop import FORMATS
from saetui.core.codec import encode
from saetui.core.scores import single
from saetui.interop.latent_scope import model_name
from saetui.interop.sae_readers import read_autoencoder
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


# Columns of Neuronpedia's tables (`apps/webapp/prisma/schema.prisma`), those first that an insert
# must give. Its `typeName` and `explanationModelName` are left out: they
# must be in tables of its own.
_SHARED = "creatorId createdAt visibility"
_COLUMNS = {
    "release": "name description creatorName creatorId | descriptionShort urls " + _SHARED,
    "model": "id creatorId layers neuronsPerLayer owner | displayName displayNameShort dimension "
    "instruct inferenceEnabled website " + _SHARED,
    "sourceset": "modelId name description creatorName creatorId | type urls releaseName "
    "hasDashboards allowInferenceSearch defaultRange defaultShowBreaks " + _SHARED,
    "source": "id modelId setName creatorId | hasDashboards inferenceEnabled hfRepoId hfFolderId "
    "dataset notes num_prompts " + _SHARED,
    "features": "modelId layer index | sourceSetName creatorId createdAt maxActApprox hasVector "
    "vector vectorLabel hookName frac_nonzero",
    "activations": "id index layer modelId maxValue maxValueTokenIndex minValue creatorId | tokens "
    "dataIndex dataSource values createdAt",
    "explanations": "id modelId layer index description authorId | notes createdAt scoreV2",
}


def test_what_is_written_for_neuronpedia_fits_its_tables(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    run("export", "neuronpedia", bundle, "-o", tmp_path)
    (folder,) = tmp_path.glob("*/*")
    assert re.fullmatch(r"[a-z0-9_-]+", folder.parent.name)
    for name, columns in _COLUMNS.items():
        needed, known = (set(part.split()) for part in columns.split("|"))
        single = folder / f"{name}.jsonl"
        found = (
            [json.loads(single.read_text("utf-8"))]
            if single.exists()
            else lines(folder / name / "batch-0.jsonl.gz")
        )
        # Columns are those of the first line.
        assert {frozenset(line) for line in found} == {frozenset(found[0])}
        assert needed <= set(found[0]) <= needed | known, name
        assert all(line[key] not in (None, "") for line in found for key in needed)
    about = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.jsonl")}
    assert about["source"]["setName"] == about["sourceset"]["name"]
    assert about["sourceset"]["releaseName"] == about["release"]["name"]
    assert about["source"]["id"] == folder.name and about["model"]["id"] == folder.parent.name
    feature = lines(folder / "features" / "batch-0.jsonl.gz")[0]
    assert (feature["modelId"], feature["layer"]) == (folder.parent.name, folder.name)


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


def test_a_dataset_for_latent_scope(run: Run, bundle: Path, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path / "data" / "small"
    done = run("export", "latent-scope", bundle, "-o", folder)
    assert done.code == 0, done.err
    opened = Bundle(bundle)
    sae, count = opened.sae(None), len(opened)

    def told(name: str) -> dict:
        return json.loads((folder / f"{name}.json").read_text("utf-8"))

    def rows(name: str) -> list[dict]:
        return parquet.read_table(folder / f"{name}.parquet").to_pylist()

    documents = rows("input")
    assert [row["text"] for row in documents] == [each.text for each in opened.documents]
    meta = told("meta")
    assert (meta["id"], meta["length"], meta["text_column"]) == ("small", count, "text")
    assert set(meta["column_metadata"]) == set(meta["columns"]) == set(documents[0])
    with h5py.File(folder / "embeddings" / "embedding-001.h5") as file:
        np.testing.assert_allclose(file["embeddings"][:], single(opened.embeddings[:]), atol=1e-6)
    used = sae.codes.indices >= 0
    with h5py.File(folder / "saes" / "sae-001.h5") as file:
        np.testing.assert_array_equal(file["top_indices"][:][used], sae.codes.indices[used])
        np.testing.assert_allclose(file["top_acts"][:][used], sae.codes.values[used])
        assert not file["top_acts"][:][~used].any()
    features = rows("saes/sae-001_features")
    assert [row["label"] for row in features] == [record.name for record in sae.features]
    assert told("saes/sae-001")["num_features"] == sae.record.n
    points = np.array([[row["x"], row["y"]] for row in rows("umaps/umap-001")])
    assert points.min(axis=0) == pytest.approx(-1)
    assert points.max(axis=0) == pytest.approx(1)
    clusters = rows("clusters/cluster-001-labels-default")
    members = [each["cluster"] for each in rows("clusters/cluster-001")]
    for number, cluster in enumerate(clusters):
        assert cluster["indices"] == [row for row, own in enumerate(members) if own == number]
    scope = told("scopes/scopes-001")
    assert [each["label"] for each in scope["cluster_labels_lookup"]] == [
        cluster["label"] for cluster in clusters
    ]
    assert scope["columns"] == list(rows("scopes/scopes-001")[0])
    assert [row["ls_index"] for row in rows("scopes/scopes-001")] == list(range(count))
    joined = rows("scopes/scopes-001-input")[1]
    assert (joined["index"], joined["text"]) == (1, documents[1]["text"])
    assert joined["label"] == clusters[members[1]]["label"]


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("minilm", "🤗-sentence-transformers___all-MiniLM-L6-v2"),
        ("sentence-transformers:BAAI/bge-small-en-v1.5", "🤗-BAAI___bge-small-en-v1.5"),
        ("openai:text-embedding-3-small", "openai-text-embedding-3-small"),
        ("precomputed:vectors.npy", "precomputed:vectors.npy"),
    ],
)
def test_latent_scope_names_of_embedders(spec: str, name: str) -> None:
    assert model_name(spec) == name


def test_formats_are_listed_and_others_refused(run: Run, bundle: Path, tmp_path: Path) -> None:
    listed = run("export")
    assert listed.code == 0
    assert all(kind in listed.out for kind in FORMATS)
    failed = run("export", "onnx", bundle, "-o", tmp_path / "x")
    assert failed.code == 1
    assert f"Choose one of {', '.join(FORMATS)}." in failed.err
    failed = run("export", "atlas", bundle)
    assert failed.code == 1
    assert "saetui export atlas my.bundle -o PATH" in failed.err
