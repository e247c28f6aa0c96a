"""Embedders by name; the module of each is imported when it is first used."""

from dataclasses import dataclass, fields, replace
from importlib import import_module
from typing import Protocol, cast

from saetui.embed.protocol import Embedder, EmbedderSettings
from saetui.embed.short_names import MODELS
from saetui.errors import EmbedderError


class _EmbedderModule(Protocol):
    """The functions that the module of every embedder has."""

    def load(self, settings: EmbedderSettings) -> Embedder:
        """The embedder, loaded or ready to load itself when first used."""

    def availability(self, settings: EmbedderSettings) -> tuple[bool, str]:
        """Whether `load` would work here, and a sentence that says why."""


@dataclass(frozen=True)
class EmbedderKind:
    """One way to embed.

    Attributes:
        usage: The form of its spec.
        summary: What it is, in a few words.
        module: Its module.
        argument: What belongs after the colon; empty when nothing does.
        options: The settings other than the spec that it uses.
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
        "saetui.embed.openai_endpoint",
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
        "saetui.embed.short_names",
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
