"""Sizes of autoencoders: their names, and the choice of one for a corpus."""

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from saetui.errors import BuildError, InputError

Variant = Literal["topk", "batchtopk", "matryoshka"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

_PER_ROOT = 7
_STEP = 64
_LEAST = 8
_MOST_EXPANSION = 8
_DOCUMENTS_PER_LATENT = 4


@dataclass(frozen=True)
class SaeSize:
    """Size and variant of an SAE, such as `k16-n768` (TopK) or `batchtopk-k16-n768`.

    Attributes:
        n: Latents ("features").
        k: Active latents per document.
        variant: How active latents are chosen; see `SaeConfig`.
        origin: Where the SAE is from, if it was not trained for its bundle, such as `astro`.
    """

    n: int
    k: int
    variant: Variant = "topk"
    origin: str = ""

    @property
    def name(self) -> str:
        """Its name, which is also that of the SAE's folder."""
        size = f"k{self.k}-n{self.n}" + (f"-from-{self.origin}" if self.origin else "")
        return size if self.variant == "topk" else f"{self.variant}-{size}"

    @staticmethod
    def parse(text: str) -> "SaeSize":
        """The size with a given name.

        Raises:
            InputError: It is not such a name, or k is larger than n.
        """
        pattern = rf"(?:({'|'.join(VARIANTS)})-)?k(\d+)-n(\d+)(?:-from-([a-z0-9-]+))?"
        match = re.fullmatch(pattern, text.strip())
        if match is None:
            raise InputError(
                f"'{text}' is not the size of an SAE.",
                "Write for example k16-n768, or with a variant matryoshka-k16-n768.",
            )
        variant = next(each for each in VARIANTS if each == (match[1] or "topk"))
        size = SaeSize(int(match[3]), int(match[2]), variant, match[4] or "")
        if not 0 < size.k <= size.n:
            raise InputError(
                f"An SAE of n = {size.n} features cannot have k = {size.k} active.",
                "k must be at least 1 and at most n.",
            )
        return size


@dataclass(frozen=True)
class SizeChoice:
    """A size with the reason for it.

    Attributes:
        n: Latents.
        k: Active latents per document.
        reason: One sentence for the user.
    """

    n: int
    k: int
    reason: str


def choose_size(documents: int, d: int) -> SizeChoice:
    """Choose `n` and `k` for a number of documents and the embedding's width `d`.

    `n` is about `7 sqrt(N)`, at most `N / 4` and `8 d`. On 11,438 abstracts embedded by MiniLM
    (d = 384), the held-out error was lowest at n = 768 among 192, 384, ... 3,072, for k = 8, 16 and
    32. On 2,500 abstracts it was nearly equal at 256 and 512, while the training error kept falling
    with n.

    `k` is half of the paper's for such an `n`, and smaller for a small `n`, because fewer active
    features read better: of 48 features each of astro-ph and cs.LG, readers called 41 one concept
    at k = 8 and 36 at k = 16; of what counts for a feature on cs.LG, its label was true of .86 and
    .79. The price is reconstruction, held-out nMSE .39 instead of .31 on astro-ph
    (`tests/benchmarks/README.md`).

    Raises:
        BuildError: No documents, or no width.
    """
    if documents < 1 or d < 1:
        raise BuildError(f"There is nothing to train on: {documents} documents of width {d}.")
    suited = max(_STEP, round(_PER_ROOT * math.sqrt(documents) / _STEP) * _STEP)
    by_documents = documents // _DOCUMENTS_PER_LATENT
    n = max(_LEAST, _rounded_down(min(suited, by_documents, _MOST_EXPANSION * d)))
    k = 8 if n < 3072 else 16 if n < 9216 else 32
    if n < 16 * k:
        k = 1 << max(1, (n // 16).bit_length() - 1)
    if n == _MOST_EXPANSION * d:
        why = f"n is at most {_MOST_EXPANSION} times the width of the embeddings"
    else:
        why = "larger n mostly memorises single documents"
    noun = "document" if documents == 1 else "documents"
    return SizeChoice(n, k, f"{documents:,} {noun}: n = {n}, k = {k}; {why}.")


def _rounded_down(n: int) -> int:
    """The next lower multiple of 64, or of 8 below 64."""
    step = _STEP if n >= _STEP else _LEAST
    return n // step * step
