"""Text to unit vectors: every embedder behind one protocol, loaded by name when first needed."""

from saetui.embed.protocol import Embedder
from saetui.embed.registry import availability, known_embedders, load_embedder
from saetui.embed.settings import EmbedderSettings

__all__ = [
    "Embedder",
    "EmbedderSettings",
    "availability",
    "known_embedders",
    "load_embedder",
]
