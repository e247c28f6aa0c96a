"""What every embedder offers, whatever computes its vectors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from saetui.progress import Progress


class Embedder(Protocol):
    """Turns text into unit-norm float32 vectors of one width."""

    @property
    def name(self) -> str:
        """The spec that loads it again, such as `openai:text-embedding-3-small`."""

    @property
    def revision(self) -> str:
        """What identifies its weights; for a remote model as much as is known."""

    @property
    def dimensions(self) -> int:
        """Width of its vectors, d."""

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """The vector of one query.

        Args:
            text: What the user typed; cut where the model stops reading.

        Returns:
            Float32 `(d,)` of unit norm.

        Raises:
            InputError: The query is blank.
            EmbedderError: The embedder failed.
        """

    def embed_documents(
        self, texts: Sequence[str], progress: "Progress | None" = None
    ) -> "NDArray[np.float32]":
        """The vectors of documents; the same texts give the same vectors whenever they are asked.

        Args:
            texts: Documents; each is cut where the model stops reading.
            progress: Told of every batch by `advance`; the caller starts the task.

        Returns:
            Float32 `(m, d)`, rows of unit norm in the order of `texts`.

        Raises:
            EmbedderError: The embedder failed.
        """
