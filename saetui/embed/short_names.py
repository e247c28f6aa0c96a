"""Short names of good embedders that run on this machine, with the prompts that each needs.

Figures are from the models' own pages and from the results that MTEB publishes, except those of
`minilm`, which were measured here.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from saetui.embed.hub import is_offline, snapshots_of, why_unreachable
from saetui.embed.protocol import EmbedderSettings
from saetui.errors import EmbedderError, MissingDependency

if TYPE_CHECKING:
    from saetui.embed.sentence_transformer import SentenceTransformerEmbedder


@dataclass(frozen=True)
class KnownModel:
    """An embedder and what to expect of it.

    Attributes:
        model: Its name on the Hugging Face hub.
        width: Of its vectors.
        tokens: The longest text that it reads; 0 for any length.
        megabytes: To download, about.
        languages: In a word or two.
        good_for: When to choose it, in a few words.
        scifact: nDCG@10 on SciFact by meaning alone, as published with the model.
        pace: How long a text takes, as a multiple of what it takes minilm; by the number and width
            of its layers.
        query: What is put before each query.
        document: What is put before each document.
    """

    model: str
    width: int
    tokens: int
    megabytes: int
    languages: str
    good_for: str
    scifact: float
    pace: float
    query: str = ""
    document: str = ""


_REPRESENT = "Represent this sentence for searching relevant passages: "

MINILM = KnownModel(
    "sentence-transformers/all-MiniLM-L6-v2", 384, 256, 91, "English", "the default: small, quick",
    scifact=0.646, pace=1,
)  # fmt: skip
MINILM_PER_SECOND = 40
"""Abstracts a second on two cores with bfloat16."""

MODELS = {
    "bge-small": KnownModel(
        "BAAI/bge-small-en-v1.5", 384, 512, 133, "English", "search, as fast as e5-small",
        scifact=0.713, pace=2,
        query=_REPRESENT,
    ),
    "e5-small": KnownModel(
        "intfloat/e5-small-v2", 384, 512, 134, "English", "search",
        scifact=0.689, pace=2,
        query="query: ", document="passage: ",
    ),
    "gte-small": KnownModel(
        "thenlper/gte-small", 384, 512, 67, "English", "search and topics, without prompts",
        scifact=0.727, pace=2,
    ),
    "arctic-xs": KnownModel(
        "Snowflake/snowflake-arctic-embed-xs", 384, 512, 90, "English", "search, small as minilm",
        scifact=0.645, pace=1,
        query=_REPRESENT,
    ),
    "nomic": KnownModel(
        "nomic-ai/nomic-embed-text-v1.5", 768, 8_192, 547, "English", "long texts; slow here",
        scifact=0.703, pace=8,
        query="search_query: ", document="search_document: ",
    ),
    "potion": KnownModel(
        "minishlab/potion-base-8M", 256, 0, 30, "English",
        "a million texts in minutes: a table of word vectors, less good at search",
        scifact=0.506, pace=0.01,
    ),
    "multilingual": KnownModel(
        "intfloat/multilingual-e5-small", 384, 512, 471, "about 100", "texts that are not English",
        scifact=0.677, pace=2,
        query="query: ", document="passage: ",
    ),
}  # fmt: skip
"""The models by their short names."""


def load(settings: EmbedderSettings) -> "SentenceTransformerEmbedder":
    """The embedder; what is missing for it is said before the slow library is imported.

    Raises:
        MissingDependency: sentence-transformers is not installed.
        EmbedderError: The model is not on this machine and cannot be fetched.
    """
    known = MODELS[settings.kind]
    if find_spec("sentence_transformers") is None:
        raise MissingDependency(
            "sentence-transformers", f"The embedder '{settings.spec}'", "sentence-transformers"
        )
    if not snapshots_of(known.model):
        why = "offline mode is set" if is_offline() else why_unreachable()
        if why:
            raise EmbedderError(
                f"The weights of {known.model} are not on this machine, and the Hugging Face hub "
                f"cannot be reached ({why}).",
                f"Fetch them where there is a network: hf download {known.model}",
            )
    from saetui.embed.sentence_transformer import SentenceTransformerEmbedder

    prompts = {"query": known.query, "document": known.document}
    return SentenceTransformerEmbedder(
        known.model, settings.requested_dimensions, name=settings.kind, prompts=prompts
    )


def availability(settings: EmbedderSettings) -> tuple[bool, str]:
    """Whether the library and the weights are on this machine."""
    known = MODELS[settings.kind]
    if find_spec("sentence_transformers") is None:
        return False, "needs: pip install 'saetui[sentence-transformers]'"
    if snapshots_of(known.model):
        return True, "ready"
    return True, f"{known.megabytes:,} MB are downloaded at first use"
