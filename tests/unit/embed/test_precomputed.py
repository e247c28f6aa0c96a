import io
import json

import numpy as np
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from saetui.core.documents import Document
from saetui.embed import EmbedderSettings, availability, load_embedder
from saetui.embed.precomputed import Unusable
from saetui.errors import EmbedderError, InputError

IDS = ["a", "b", "c", "d"]


@pytest.fixture
def matrix():
    return np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


@pytest.fixture
def saved(tmp_path, matrix):
    """A function that saves a matrix and, if given, ids; and returns an embedder's arguments."""

    def save(rows=matrix, ids=None):
        np.save(tmp_path / "v.npy", rows)
        if ids is not None:
            (tmp_path / "ids.json").write_text(json.dumps(ids))
        ids_path = str(tmp_path / "ids.json") if ids is not None else None
        return f"precomputed:{tmp_path / 'v.npy'}", ids_path

    return save


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_in_order_without_ids(saved, matrix, dtype):
    spec, _ = saved(matrix.astype(dtype))
    vectors = load_embedder(spec)
    assert vectors.dimensions == 6
    chosen = consecutive(vectors, ["x", "y"], start=1)
    assert chosen.dtype == np.float32
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    np.testing.assert_allclose(chosen, unit[1:3], atol=1e-3 if dtype == np.float16 else 1e-6)


def consecutive(vectors, ids, start):
    """The vectors of documents that follow each other in a corpus."""
    return vectors.vectors_at(ids, np.arange(start, start + len(ids)))


def test_ids_find_their_rows_in_any_order(saved, matrix):
    spec, ids = saved(ids=IDS)
    vectors = load_embedder(spec, ids=ids)
    vectors.check_documents(2)
    chosen = consecutive(vectors, ["d", "a"], start=0)
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    np.testing.assert_allclose(chosen, unit[[3, 0]], atol=1e-6)
    assert consecutive(vectors, [], start=0).shape == (0, 6)


@pytest.mark.parametrize("documents", [3, 5])
def test_more_or_fewer_vectors_than_documents(saved, documents):
    vectors = load_embedder(saved()[0])
    vectors.check_documents(4)
    with pytest.raises(InputError, match=f"4 vectors for {documents} documents"):
        vectors.check_documents(documents)


def test_documents_beyond_the_last_vector(saved):
    with pytest.raises(InputError, match="ends after 4 vectors"):
        consecutive(load_embedder(saved()[0]), ["x", "y"], start=3)


def test_more_or_fewer_ids_than_vectors(saved):
    spec, ids = saved(ids=IDS[:3])
    with pytest.raises(InputError, match=r"names 3 documents, but .* 4 vectors"):
        load_embedder(spec, ids=ids)


def test_documents_without_a_vector_are_named(saved):
    spec, ids = saved(ids=IDS)
    with pytest.raises(InputError, match=r"no vector for x0, x1, x2, x3, x4 and 2 more"):
        consecutive(load_embedder(spec, ids=ids), ["a", *(f"x{i}" for i in range(7))], start=0)


def test_bad_vectors_are_named_by_their_documents(saved, matrix):
    matrix[2, 3] = np.nan
    spec, ids = saved(matrix, IDS)
    vectors = load_embedder(spec, ids=ids)
    consecutive(vectors, ["a", "b"], start=0)
    with pytest.raises(EmbedderError, match="finite in the vectors of c"):
        consecutive(vectors, IDS, start=0)
    matrix[2] = 0
    spec, ids = saved(matrix, IDS)
    with pytest.raises(EmbedderError, match="zero for c"):
        consecutive(load_embedder(spec, ids=ids), IDS, start=0)


@pytest.mark.parametrize(
    "rows",
    [
        np.ones(4, np.float32),
        np.ones((2, 2, 2), np.float32),
        np.ones((4, 6), np.int64),
        np.ones((0, 6), np.float32),
        np.ones((4, 0), np.float32),
        np.array([["a", "b"]]),
    ],
    ids=["vector", "cube", "integers", "no rows", "no columns", "words"],
)
def test_only_a_matrix_of_floats_will_do(saved, rows):
    with pytest.raises(InputError, match="must hold a matrix of floats or of int8"):
        load_embedder(saved(rows)[0])


def test_damaged_files(saved, tmp_path):
    spec, _ = saved()
    path = tmp_path / "v.npy"
    whole = path.read_bytes()
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for content in (b"", whole[:40], whole[:-8], b"not numpy at all", pickled.getvalue()):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cut short or not a numpy array"):
            load_embedder(spec)
    archive = io.BytesIO()
    np.savez(archive, a=np.ones((2, 2)), b=np.ones((2, 2)))
    path.write_bytes(archive.getvalue())
    with pytest.raises(InputError, match="is an archive that holds a, b"):
        load_embedder(spec)
    path.unlink()
    with pytest.raises(InputError, match="There is no file"):
        load_embedder(spec)
    assert availability(spec)[0] is False


def test_availability_tells_the_shape(saved):
    spec, _ = saved()
    assert availability(spec) == (
        True,
        f"{spec.removeprefix('precomputed:')} holds 4 vectors of width 6.",
    )


def test_queries_need_an_embedder(saved):
    vectors = load_embedder(saved()[0])
    for embed in (lambda: vectors.embed_query("a"), lambda: vectors.embed_documents(["a"])):
        with pytest.raises(EmbedderError, match="no embedder was named for queries") as caught:
            embed()
        assert "--query-embedder" in caught.value.hint


def test_queries_go_to_the_named_embedder(saved):
    spec, _ = saved(np.ones((2, 384), np.float32))
    vectors = load_embedder(spec, query_spec="minilm")
    minilm = load_embedder("minilm")
    np.testing.assert_array_equal(vectors.embed_query("a star"), minilm.embed_query("a star"))
    np.testing.assert_array_equal(
        vectors.embed_documents(["a star"]), minilm.embed_documents(["a star"])
    )


def test_an_embedder_of_another_width_is_refused(saved):
    vectors = load_embedder(saved()[0], query_spec="minilm")
    with pytest.raises(EmbedderError, match="width 384, but those of the documents have width 6"):
        vectors.embed_query("a star")


def test_precomputed_vectors_cannot_embed_queries_themselves(saved):
    spec, _ = saved()
    with pytest.raises(EmbedderError, match="name a model"):
        load_embedder(spec, query_spec=spec)


def test_a_bundle_opens_without_the_files_it_was_built_from(saved, tmp_path):
    spec, ids = saved(np.ones((4, 384), np.float32), IDS)
    asked = EmbedderSettings(spec, ids=ids, query_spec="minilm")
    recorded = asked.resolved(load_embedder(asked))
    assert len(recorded.revision) == 64
    (tmp_path / "v.npy").unlink()
    (tmp_path / "ids.json").unlink()
    again = load_embedder(EmbedderSettings.from_dict(recorded.as_dict()))
    assert again.dimensions == 384
    assert again.embed_query("a star").shape == (384,)
    with pytest.raises(InputError, match="There is no file"):
        consecutive(again, ["a"], start=0)


def unit_of(matrix):
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@pytest.mark.parametrize("form", ["npz", "named npz", "int8", "fortran", "parquet", "arrow"])
def test_every_form_of_vectors(tmp_path, matrix, form):
    name = "v"
    if "npz" in form:
        more = {"labels": np.arange(4)} if form == "named npz" else {}
        np.savez(tmp_path / "v.npz", vectors=matrix, **more)
        name = "v.npz:vectors" if more else "v.npz"
    elif form in ("int8", "fortran"):
        scaled = np.round(matrix * 20).astype(np.int8) if form == "int8" else matrix
        matrix = scaled.astype(np.float32)
        np.save(tmp_path / "v.npy", np.asfortranarray(scaled, dtype=scaled.dtype))
        name = "v.npy"
    else:
        rows = [row.tolist() for row in matrix]
        table = pyarrow.table({"id": IDS[::-1], "text": IDS, "vector": rows})
        name = f"v.{form}"
        if form == "parquet":
            pyarrow.parquet.write_table(table, tmp_path / name)
        else:
            pyarrow.feather.write_feather(table, tmp_path / name, compression="uncompressed")
    vectors = load_embedder(f"precomputed:{tmp_path / name}")
    assert vectors.dimensions == 6
    if form in ("parquet", "arrow"):
        # The table itself names the documents.
        found = consecutive(vectors, IDS[::-1], start=0)
    else:
        found = consecutive(vectors, IDS, start=0)
    np.testing.assert_allclose(found, unit_of(matrix), atol=1e-5)
    assert len(vectors.revision) == 64


def test_tables_without_such_a_column(tmp_path):
    path = tmp_path / "v.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"a": [[1.0, 2.0], [1.0]], "b": ["x", "y"]}), path)
    with pytest.raises(InputError, match="Vector 2 has 1 numbers, the first 2"):
        load_embedder(f"precomputed:{path}")
    with pytest.raises(InputError, match=r"no column 'c' of vectors. Its columns are: a, b"):
        load_embedder(f"precomputed:{path}:c")
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="cannot be read"):
        load_embedder(f"precomputed:{path}")


@pytest.mark.parametrize("named", [False, True])
def test_documents_without_a_usable_vector_are_left_out(saved, matrix, named):
    matrix[1] = 0
    matrix[2, 3] = np.inf
    spec, ids = saved(matrix, IDS if named else None)
    vectors = load_embedder(spec, ids=ids)
    vectors.strict = False
    documents = [Document(each, "", "Text.") for each in IDS]
    found = list(vectors.leave_out(documents))
    assert found == [
        documents[0],
        Unusable("b", "is zero"),
        Unusable("c", "holds what is no number"),
        documents[3],
    ]
    assert vectors.left_out == [1, 2]
    vectors.check_documents(2)
    # Places count those that stay.
    rows = vectors.vectors_at(["d", "a"], np.array([1, 0]))
    np.testing.assert_allclose(rows, unit_of(matrix[[3, 0]]), atol=1e-6)
    with pytest.raises(InputError):
        vectors.vectors_at(["x"], np.array([2]))
