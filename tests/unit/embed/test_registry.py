import subprocess
import sys

import pytest

from saetui.embed import EmbedderSettings, availability, known_embedders, load_embedder
from saetui.errors import EmbedderError


@pytest.mark.parametrize("spec", ["", "word2vec", "word2vec:google", "MiniLM", ":minilm"])
def test_an_unknown_name_is_answered_with_the_known_ones(spec):
    with pytest.raises(EmbedderError, match="There is no embedder") as caught:
        load_embedder(spec)
    for kind in known_embedders():
        assert kind.usage in caught.value.hint


@pytest.mark.parametrize("spec", ["openai", "openai:", "sentence-transformers", "precomputed: "])
def test_a_missing_model_is_asked_for(spec):
    with pytest.raises(EmbedderError, match="after the colon") as caught:
        load_embedder(spec)
    assert spec.partition(":")[0] in caught.value.hint


def test_an_argument_that_nothing_reads_is_refused():
    with pytest.raises(EmbedderError, match="nothing after its name"):
        load_embedder("minilm:L12")


@pytest.mark.parametrize(
    "options",
    [{"dimensions": 128}, {"base_url": "http://localhost/v1"}, {"ids": "a.txt"}],
)
def test_an_option_that_nothing_reads_is_refused(options):
    with pytest.raises(EmbedderError, match="has no use for"):
        load_embedder("minilm", **options)


@pytest.mark.parametrize("dimensions", [0, -1])
def test_a_width_is_positive(dimensions):
    with pytest.raises(EmbedderError, match="cannot have"):
        load_embedder("openai:m", dimensions=dimensions, base_url="http://localhost/v1")


def test_other_weights_than_the_recorded_ones_are_refused():
    with pytest.raises(EmbedderError, match="not those that were recorded"):
        load_embedder(EmbedderSettings("minilm", dimensions=384, revision="0123456789abcdef"))


def test_settings_of_a_loaded_embedder_load_it_again():
    asked = EmbedderSettings("minilm")
    recorded = asked.resolved(load_embedder(asked))
    assert (recorded.dimensions, recorded.revision[:6]) == (384, "53aa51")
    again = load_embedder(EmbedderSettings.from_dict(recorded.as_dict()))
    assert again.name == "minilm"


@pytest.mark.parametrize("spec", ["word2vec", "openai", "minilm:L12"])
def test_availability_says_what_is_wrong_with_a_spec(spec):
    usable, sentence = availability(spec)
    assert not usable
    assert spec in sentence


def test_availability_without_the_libraries_loading():
    """What `doctor` asks must stay as cheap as start-up."""
    code = """
import sys
from saetui.embed import availability, load_embedder
for spec in ("minilm", "openai:m", "sentence-transformers:m", "precomputed:v.npy"):
    availability(spec)
heavy = {"torch", "transformers", "sentence_transformers", "openai", "huggingface_hub",
         "scipy", "sklearn", "tokenizers"}
print(sorted(heavy & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == "[]"
