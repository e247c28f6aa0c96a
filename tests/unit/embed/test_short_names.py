"""Short names stand for models with the prompts that these need."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from saetui.embed import EmbedderSettings, availability, load_embedder
from saetui.embed import sentence_transformer as module
from saetui.errors import EmbedderError

if find_spec("sentence_transformers") is None:
    pytest.skip("sentence-transformers is not installed", allow_module_level=True)


def test_prompts_are_put_before_queries_and_documents(minilm_folder, monkeypatch):
    known = replace(module.MODELS["e5-small"], model=str(minilm_folder))
    monkeypatch.setitem(module.MODELS, "e5-small", known)
    monkeypatch.setattr(module, "snapshots_of", lambda model: [minilm_folder])
    embedder = load_embedder("e5-small")
    minilm = load_embedder("minilm")
    query, document = embedder.embed_query("a star"), embedder.embed_documents(["a star"])[0]
    np.testing.assert_allclose(query, minilm.embed_query("query: a star"), atol=1e-5)
    assert document @ minilm.embed_query("passage: a star") > 0.9999
    assert document @ query < 0.999
    # A bundle that records the name gets the same model with the same prompts.
    again = load_embedder(
        EmbedderSettings.from_dict(EmbedderSettings("e5-small").resolved(embedder).as_dict())
    )
    assert again.name == "e5-small"
    np.testing.assert_allclose(again.embed_query("a star"), query, atol=1e-6)
    assert availability("e5-small") == (True, "ready")


def test_without_weights_and_network_it_is_one_sentence_at_once(monkeypatch):
    monkeypatch.setattr(module, "snapshots_of", lambda model: [])
    monkeypatch.setattr(module, "is_offline", lambda: False)
    monkeypatch.setattr(module, "why_unreachable", lambda: "no network")
    with pytest.raises(EmbedderError, match=r"cannot be reached \(no network\)") as caught:
        load_embedder("bge-small")
    assert "hf download BAAI/bge-small-en-v1.5" in caught.value.hint
    assert availability("bge-small")[1] == "133 MB are downloaded at first use"
