import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.embed import EmbedderSettings
from saetui.errors import InputError

_TEXT = st.text(min_size=1)
_WIDTH = st.none() | st.integers(1, 10_000)


@given(
    st.builds(
        EmbedderSettings,
        spec=_TEXT,
        dimensions=_WIDTH,
        revision=st.text(),
        requested_dimensions=_WIDTH,
        base_url=st.none() | _TEXT,
        ids=st.none() | _TEXT,
        query_spec=st.none() | _TEXT,
        query_prefix=st.none() | _TEXT,
        document_prefix=st.none() | _TEXT,
    )
)
def test_a_manifest_gives_back_what_it_was_given(settings):
    stored = json.loads(json.dumps(settings.as_dict()))
    assert EmbedderSettings.from_dict(stored) == settings


def test_only_the_first_colon_divides_a_spec():
    settings = EmbedderSettings("openai:nomic-embed-text:latest")
    assert (settings.kind, settings.argument) == ("openai", "nomic-embed-text:latest")


def test_entries_of_later_versions_are_ignored():
    assert EmbedderSettings.from_dict({"spec": "minilm", "pooling": "cls"}).spec == "minilm"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"spec": ""},
        {"spec": None},
        {"spec": 3},
        {"spec": "minilm", "dimensions": "384"},
        {"spec": "minilm", "dimensions": True},
        {"spec": "minilm", "revision": None},
        {"spec": "openai:m", "base_url": 80},
    ],
)
def test_a_damaged_manifest_is_refused(values):
    with pytest.raises(InputError, match="embedder's settings"):
        EmbedderSettings.from_dict(values)
