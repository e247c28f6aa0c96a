"""Turn text into unit vectors: all embedders have one protocol and are loaded by name."""

from saetui.embed.protocol import Embedder, EmbedderSettings, embed_queries
from saetui.embed.registry import availability, known_embedders, load_embedder

__all__ = [
    "Embedder",
    "EmbedderSettings",
    "availability",
    "embed_queries",
    "known_embedders",
    "load_embedder",
]
