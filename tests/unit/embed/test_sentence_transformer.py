from importlib.util import find_spec

import numpy as np
import pytest

from saetui.embed import EmbedderSettings, availability, load_embedder
from saetui.embed.sentence_transformer import SentenceTransformerEmbedder
from saetui.errors import EmbedderError, InputError

if find_spec("sentence_transformers") is None:
    pytest.skip("sentence-transformers is not installed", allow_module_level=True)

TEXTS = ["black holes", "", "language models " * 300, "\ud800", "galaxies"]


@pytest.fixture(scope="module")
def spec(minilm_folder):
    return f"sentence-transformers:{minilm_folder}"


@pytest.fixture(scope="module")
def embedder(spec):
    return load_embedder(spec)


def test_vectors_are_those_of_the_same_model_elsewhere(embedder, spec):
    assert (embedder.name, embedder.dimensions) == (spec, 384)
    minilm = load_embedder("minilm")
    np.testing.assert_allclose(
        embedder.embed_query("black holes"), minilm.embed_query("black holes"), atol=1e-5
    )
    documents = embedder.embed_documents(TEXTS)
    assert documents.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(documents, axis=1), 1, atol=1e-5)
    assert (documents * minilm.embed_documents(TEXTS)).sum(axis=1).min() > 0.9999


def test_nothing_to_embed(embedder):
    assert embedder.embed_documents([]).shape == (0, 384)
    with pytest.raises(InputError):
        embedder.embed_query(" ")


def test_prompts_tell_queries_from_documents(embedder, monkeypatch):
    plain = embedder.embed_query("black holes")
    monkeypatch.setitem(embedder._model.prompts, "query", "Represent this query: ")
    prompted = embedder.embed_query("black holes")
    assert plain @ prompted < 0.999
    np.testing.assert_allclose(
        prompted,
        load_embedder("minilm").embed_query("Represent this query: black holes"),
        atol=1e-5,
    )
    assert embedder.embed_documents(["black holes"])[0] @ plain > 0.9999


def test_shortened_vectors_have_unit_norm(embedder, minilm_folder):
    short = SentenceTransformerEmbedder(str(minilm_folder), 64)
    assert short.dimensions == 64
    vector = short.embed_query("black holes")
    full = embedder.embed_query("black holes")[:64]
    np.testing.assert_allclose(vector, full / np.linalg.norm(full), atol=1e-5)


def test_a_model_cannot_be_made_wider(minilm_folder):
    with pytest.raises(EmbedderError, match="width 384, which cannot be cut to 1024"):
        SentenceTransformerEmbedder(str(minilm_folder), 1024)


def test_the_revision_is_that_of_the_weights(embedder, spec):
    recorded = EmbedderSettings(spec).resolved(embedder)
    assert len(recorded.revision) == 64
    other = EmbedderSettings(spec, dimensions=384, revision="0" * 64)
    with pytest.raises(EmbedderError, match="not those that were recorded"):
        load_embedder(other)


@pytest.mark.parametrize("model", ["saetui/there-is-no-such-model", "."])
def test_a_model_that_is_not_there(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EmbedderError, match="cannot load"):
        load_embedder(f"sentence-transformers:{model}")


def test_loading_draws_nothing_on_the_terminal(spec, capfd):
    load_embedder(spec)
    assert capfd.readouterr() == ("", "")


def test_availability(spec, minilm_folder):
    assert availability(spec) == (True, f"The model is in the folder {minilm_folder}.")
    assert availability("sentence-transformers:BAAI/bge-small-en")[0]
