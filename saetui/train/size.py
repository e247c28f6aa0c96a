"""Sizes of autoencoders: their names, the choice of one for a corpus, and sweeps of several."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from saetui.errors import BuildError, InputError

Variant = Literal["topk", "batchtopk", "matryoshka"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
_PER_ROOT = 7
_STEP = 64
_LEAST = 8
_MOST_EXPANSION = 8
_DOCUMENTS_PER_LATENT = 4
_SHARES = (1 / 4, 1 / 2, 1, 2, 4)
_MULTIPLE = 8


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
    """A size with the reason for it, which is one sentence for the user."""

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


@dataclass(frozen=True)
class SweepPoint:
    """One trained size; without a held-out error where nothing was held out."""

    n: int
    k: int
    train_nmse: float
    held_out_nmse: float | None
    dead_share: float
    epochs: int

    @classmethod
    def of(cls, size: SaeSize, metrics: dict[str, Any]) -> "SweepPoint":
        """The point of a training's metrics."""
        held_out = metrics["held_out"]
        return cls(
            size.n,
            size.k,
            metrics["train"]["nmse"],
            held_out["nmse"] if held_out else None,
            metrics["train"]["dead_share"],
            metrics["epochs"],
        )


@dataclass(frozen=True)
class PowerLaw:
    """`nMSE = scale * n ** -exponent`, fitted by least squares of logarithms.

    Attributes:
        k: Of the points that it was fitted to; the paper finds a power law for each k.
        scale: nMSE at n = 1.
        exponent: How steeply the error falls.
        r2: Share of the variance of log nMSE that it explains.
    """

    k: int
    scale: float
    exponent: float
    r2: float

    def at(self, n: float) -> float:
        """NMSE for `n` latents."""
        return float(self.scale * n**-self.exponent)


@dataclass(frozen=True)
class Sweep:
    """Sizes trained on the same vectors, by k and n, and the laws of their training errors."""

    points: tuple[SweepPoint, ...]
    laws: tuple[PowerLaw, ...]

    @classmethod
    def of(cls, points: Sequence[SweepPoint]) -> "Sweep":
        """A sweep of points in any order."""
        ordered = tuple(sorted(points, key=lambda point: (point.k, point.n)))
        laws = []
        for k in sorted({point.k for point in ordered}):
            same = [point for point in ordered if point.k == k]
            if len(same) >= 3 and all(point.train_nmse > 0 for point in same):
                laws.append(
                    fit_power_law(
                        k, [point.n for point in same], [point.train_nmse for point in same]
                    )
                )
        return cls(ordered, tuple(laws))

    @property
    def best(self) -> SweepPoint | None:
        """The point with the lowest held-out error."""
        measured = [point for point in self.points if point.held_out_nmse is not None]
        return min(measured, key=lambda point: point.held_out_nmse or 0, default=None)

    def to_json(self) -> dict[str, object]:
        """Points and laws as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Sweep":
        """Reverse `to_json`."""
        return cls(
            tuple(SweepPoint(**point) for point in values["points"]),
            tuple(PowerLaw(**law) for law in values["laws"]),
        )


def fit_power_law(k: int, sizes: Sequence[int], errors: Sequence[float]) -> PowerLaw:
    """Fit a power law to at least two different sizes with errors above zero."""
    x, y = [math.log(n) for n in sizes], [math.log(error) for error in errors]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread_x = sum((a - mean_x) ** 2 for a in x)
    spread_y = sum((b - mean_y) ** 2 for b in y)
    together = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    slope = together / spread_x
    r2 = together**2 / (spread_x * spread_y) if spread_y else 1.0
    return PowerLaw(k, math.exp(mean_y - slope * mean_x), -slope, r2)


def sweep_sizes(choice: SizeChoice) -> list[SaeSize]:
    """A grid around the chosen size: 1/4 to 4 times its n, and half, once and twice its k."""
    sizes = []
    for k in sorted({max(1, choice.k // 2), choice.k, choice.k * 2}):
        for share in _SHARES:
            n = max(_MULTIPLE, round(choice.n * share / _MULTIPLE) * _MULTIPLE)
            if n >= 2 * k:
                sizes.append(SaeSize(n, k))
    return list(dict.fromkeys(sizes))
