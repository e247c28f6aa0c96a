"""Embedders by name, and what of the Hugging Face hub is on this machine.

The module of each embedder is imported when it is first used. The hub's own client is slow to
import, so its settings and its cache are read without it.

Figures of models are from the models' own pages and from the results that MTEB publishes, except
those of `minilm`, which were measured here.
"""

import os
from dataclasses import dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from saetui.embed.protocol import Embedder, EmbedderSettings
from saetui.errors import EmbedderError
from saetui.paths import user_path


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


class _EmbedderModule(Protocol):
    """The functions that the module of every embedder has."""

    def load(self, settings: EmbedderSettings) -> Embedder:
        """The embedder, loaded or ready to load itself when first used."""

    def availability(self, settings: EmbedderSettings) -> tuple[bool, str]:
        """Whether `load` would work here, and a sentence that says why."""


@dataclass(frozen=True)
class EmbedderKind:
    """One way to embed: the form of its spec, what it is, its module.

    `argument` is what belongs after the colon, empty when nothing does; `options` are the settings
    other than the spec that it uses.
    """

    usage: str
    summary: str
    module: str
    argument: str = ""
    options: frozenset[str] = frozenset()


_KINDS = {
    "minilm": EmbedderKind(
        "minilm", "all-MiniLM-L6-v2, on this machine, 384 dimensions", "saetui.embed.minilm"
    ),
    "sentence-transformers": EmbedderKind(
        "sentence-transformers:MODEL",
        "any model of the sentence-transformers library, on this machine",
        "saetui.embed.sentence_transformer",
        "a model's name or folder",
        frozenset({"requested_dimensions"}),
    ),
    "openai": EmbedderKind(
        "openai:MODEL",
        "any endpoint that speaks OpenAI's protocol",
        "saetui.embed.openai",
        "a model's name",
        frozenset(
            {"requested_dimensions", "base_url", "query_spec", "query_prefix", "document_prefix"}
        ),
    ),
    "precomputed": EmbedderKind(
        "precomputed:VECTORS.npy",
        "vectors that you already have, read from a file",
        "saetui.embed.precomputed",
        "a .npy file",
        frozenset({"ids", "query_spec", "requested_dimensions", "base_url", "query_prefix"}),
    ),
}


_KINDS |= {
    name: EmbedderKind(
        name,
        f"{known.model}, on this machine, {known.width} dimensions",
        "saetui.embed.sentence_transformer",
        options=frozenset({"requested_dimensions"}),
    )
    for name, known in MODELS.items()
}


def known_embedders() -> list[EmbedderKind]:
    """Every way to embed, the default first."""
    return list(_KINDS.values())


def load_embedder(
    spec: str | EmbedderSettings,
    *,
    dimensions: int | None = None,
    base_url: str | None = None,
    ids: str | None = None,
    query_spec: str | None = None,
    query_prefix: str | None = None,
) -> Embedder:
    """Load an embedder by its name, or by the settings that a bundle recorded.

    Args:
        spec: Such as `minilm` or `openai:text-embedding-3-small`; or complete settings, to which
            the options below are added.
        dimensions: Width to request from a model that can shorten its vectors.
        base_url: Address of an OpenAI-compatible endpoint.
        ids: File with the document ids of precomputed vectors.
        query_spec: Embedder for queries, with precomputed vectors or an endpoint.
        query_prefix: What the model of an endpoint needs before each query.

    Raises:
        EmbedderError: There is no such embedder, it cannot be loaded here, or its weights differ
            from the recorded ones.
        MissingDependency: It needs a package that is not installed.
    """
    if dimensions is not None and dimensions < 1:
        raise EmbedderError(f"A vector cannot have {dimensions} dimensions.")
    settings = spec if isinstance(spec, EmbedderSettings) else EmbedderSettings(spec)
    settings = replace(
        settings,
        requested_dimensions=dimensions or settings.requested_dimensions,
        base_url=base_url or settings.base_url,
        ids=ids or settings.ids,
        query_spec=query_spec or settings.query_spec,
        query_prefix=query_prefix or settings.query_prefix,
    )
    embedder = _module(settings).load(settings)
    if settings.revision and embedder.revision != settings.revision:
        raise EmbedderError(
            f"The weights of '{embedder.name}' found here ({embedder.revision[:12]}) are not those "
            f"that were recorded ({settings.revision[:12]}), so its vectors are not comparable.",
            "Install the recorded version of the model, or build the bundle again.",
        )
    return embedder


def availability(spec: str | EmbedderSettings) -> tuple[bool, str]:
    """Whether an embedder could be loaded here, and a sentence that says why; loads no weights."""
    settings = spec if isinstance(spec, EmbedderSettings) else EmbedderSettings(spec)
    try:
        return _module(settings).availability(settings)
    except EmbedderError as error:
        return False, str(error)


def _module(settings: EmbedderSettings) -> _EmbedderModule:
    kind = _KINDS.get(settings.kind)
    if kind is None:
        known = ", ".join(kind.usage for kind in _KINDS.values())
        raise EmbedderError(f"There is no embedder '{settings.spec}'.", f"There are: {known}.")
    if bool(kind.argument) != bool(settings.argument):
        wanted = f"{kind.argument} after the colon" if kind.argument else "nothing after its name"
        raise EmbedderError(
            f"The embedder '{settings.kind}' takes {wanted}, not '{settings.spec}'.",
            f"Write: {kind.usage}",
        )
    for option in (each.name for each in fields(settings) if each.default is None):
        if getattr(settings, option) is not None and option not in {"dimensions", *kind.options}:
            name = option.replace("_", " ")
            raise EmbedderError(f"The embedder '{settings.spec}' has no use for {name}.")
    return cast("_EmbedderModule", import_module(kind.module))


# Seconds for the hub to answer at all.
_PATIENCE = 5.0


def is_offline() -> bool:
    """Whether the user told the hub's client not to use the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def why_unreachable() -> str:
    """Why the hub cannot be reached, in a few words; empty if it can.

    The hub's client tries five times, which takes half a minute, and prints each attempt.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        with urlopen(Request(address, method="HEAD"), timeout=_PATIENCE):
            return ""
    except HTTPError:
        # It answers, whatever it thinks of the request.
        return ""
    except URLError as error:
        return str(getattr(error.reason, "strerror", None) or error.reason)
    except (OSError, ValueError) as error:
        return str(error)


def cache_folder() -> Path:
    """The folder of the hub client's downloads."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return user_path(os.environ[variable])
    if os.environ.get("HF_HOME"):
        return user_path(os.environ["HF_HOME"]) / "hub"
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return user_path(home) / "huggingface" / "hub"


def snapshots_of(model: str) -> list[Path]:
    """Folders of the downloaded versions of a model, the one that `main` points to first."""
    repository = cache_folder() / f"models--{model.replace('/', '--')}"
    try:
        main = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        main = ""
    try:
        snapshots = sorted((repository / "snapshots").iterdir())
    except OSError:
        return []
    return sorted(snapshots, key=lambda snapshot: snapshot.name != main)
