"""The embedder of a bundle's queries, loaded when a query first needs it."""

import threading

from saetui.core.codec import Float
from saetui.embed import Embedder, EmbedderSettings, load_embedder
from saetui.errors import InputError, SaetuiError
from saetui.store.manifest import Manifest

_WITHOUT_EMBEDDER = (
    "Until then, searching by features, by a document (its id) and by words alone still works."
)


class QueryEmbedder:
    """Embeds queries with the embedder that made a bundle's embeddings. Any thread may call it.

    Args:
        manifest: Of the bundle; it names the embedder and the width of the embeddings.
        embedder: Used instead of the one that the manifest names.
    """

    def __init__(self, manifest: Manifest, embedder: Embedder | None = None) -> None:
        self._manifest = manifest
        self._embedder = embedder
        self._loading = threading.Lock()

    def load(self) -> Embedder:
        """The embedder, loaded at the first call.

        Raises:
            EmbedderError: It cannot be loaded on this machine.
            InputError: Its vectors have another width than the bundle's embeddings.
        """
        with self._loading:
            if self._embedder is None:
                settings = EmbedderSettings.from_dict(self._manifest.embedder)
                try:
                    self._embedder = load_embedder(settings)
                except SaetuiError as error:
                    error.hint = f"{error.hint} {_WITHOUT_EMBEDDER}".strip()
                    raise
            if self._embedder.dimensions != self._manifest.dimensions:
                raise InputError(
                    f"The embedder {self._embedder.name} gives vectors of width "
                    f"{self._embedder.dimensions}, but the bundle's have width "
                    f"{self._manifest.dimensions}.",
                    "Open the bundle with the embedder that it was built with.",
                )
            return self._embedder

    def embed(self, text: str) -> Float:
        """The embedding of a query, float32 `(d,)`.

        Raises:
            EmbedderError: The embedder cannot be loaded, or fails.
        """
        return self.load().embed_query(text)
