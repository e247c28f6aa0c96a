import subprocess
import sys

import numpy as np
import pytest

from saetui.embed import availability, load_embedder
from saetui.errors import InputError

# First components and sum of magnitudes, as sentence-transformers 6.2 computes them in float32.
REFERENCE = {
    "Größe: 3×10⁸ M☉, naïve café; 黒い穴": (  # noqa: RUF001
        [-0.0154608, 0.0327096, 0.0104486, 0.0224689, -0.0685286, -0.0269763],
        15.460656,
    ),
    "a": ([-0.0364329, 0.0347035, -0.0459599, 0.0343255, -0.0808234, 0.0328386], 15.097978),
    "deep learning " * 400: (
        [-0.0870383, -0.0023116, 0.1356133, -0.0365194, -0.0088172, 0.0178854],
        15.488931,
    ),
}
SENTENCES = [
    f"Paper {number} measures the {thing} of {other}" + ", again and again" * (number % 7)
    for number in range(10)
    for thing, other in (("mass", "black holes"), ("loss", "language models"))
]
# More tokens than numpy is given.
MANY = [f"{text}. " * 18 for text in SENTENCES]


@pytest.fixture(scope="module")
def minilm():
    return load_embedder("minilm")


@pytest.mark.parametrize("text", REFERENCE, ids=["unicode", "letter", "long"])
def test_queries_match_recorded_vectors(minilm, text):
    first, magnitudes = REFERENCE[text]
    vector = minilm.embed_query(text)
    assert vector.dtype == np.float32
    assert vector.shape == (384,)
    np.testing.assert_allclose(vector[:6], first, atol=1e-6)
    assert np.abs(vector).sum() == pytest.approx(magnitudes, abs=1e-4)


def test_vectors_match_sentence_transformers(minilm, minilm_folder):
    library = pytest.importorskip("sentence_transformers")
    model = library.SentenceTransformer(str(minilm_folder), local_files_only=True, device="cpu")
    texts = [*REFERENCE, *SENTENCES[:8], "", "[SEP] [MASK]", "x" * 300]
    wanted = model.encode(texts, convert_to_numpy=True, show_progress_bar=False)
    np.testing.assert_allclose(minilm.embed_documents(texts[:14]), wanted[:14], atol=1e-5)


def test_a_query_reads_256_tokens(minilm):
    seen = "star " * 254
    np.testing.assert_array_equal(
        minilm.embed_query(seen), minilm.embed_query(seen + "and a galaxy far away " * 5_000)
    )
    assert np.abs(minilm.embed_query(seen) - minilm.embed_query("star " * 253)).max() > 0


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_blank_query_is_refused(minilm, text):
    with pytest.raises(InputError):
        minilm.embed_query(text)


@pytest.mark.parametrize("text", ["\ud800", "\x00\x1b[2J", "\U0001f52d", "x" * 100_000])
def test_odd_queries_still_have_a_direction(minilm, text):
    assert np.linalg.norm(minilm.embed_query(text)) == pytest.approx(1, abs=1e-5)


def test_bulk_vectors_are_those_of_the_queries(minilm, told):
    bulk = minilm.embed_documents(MANY, told)
    alone = np.stack([minilm.embed_query(text) for text in MANY[::4]])
    assert "torch" in sys.modules
    assert bulk.dtype == np.float32
    assert (bulk[::4] * alone).sum(axis=1).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(bulk, axis=1), 1, atol=1e-5)
    assert told.done == len(MANY)


def test_a_few_texts_together_are_what_they_are_alone(minilm, told):
    together = minilm.embed_documents(SENTENCES[:18], told)
    alone = np.stack([minilm.embed_query(text) for text in SENTENCES[:18]])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert told.done == 18


def test_bulk_vectors_depend_neither_on_order_nor_on_company(minilm):
    together = minilm.embed_documents(MANY)
    backwards = minilm.embed_documents(MANY[::-1])[::-1]
    few = minilm.embed_documents(MANY[:3])
    assert (together * backwards).sum(axis=1).min() > 0.9999
    assert (together[:3] * few).sum(axis=1).min() > 0.9999


@pytest.mark.parametrize("count", [0, 1])
def test_few_documents(minilm, count, told):
    vectors = minilm.embed_documents(["", "a"][:count], told)
    assert vectors.shape == (count, 384)
    assert vectors.dtype == np.float32
    assert told.done == count


def test_a_query_needs_no_heavy_library():
    code = """
import sys
from saetui.embed import load_embedder
embedder = load_embedder("minilm")
embedder.embed_query("black holes")
embedder.embed_documents([f"black hole number {number}" for number in range(100)])
heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "scipy", "sklearn"}
print(sorted(heavy & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == "[]"


def test_availability_names_the_folder(minilm_folder):
    assert availability("minilm") == (
        True,
        f"The weights of sentence-transformers/all-MiniLM-L6-v2 are in {minilm_folder}.",
    )
