"""Select the active latents: the largest pre-activations of each sample.

Two methods make this fast. The first is exact, the second except for near-ties:

- The `k` largest numbers of a row are in the `k` groups with the largest maxima. Finding these
  groups first leaves few numbers to compare.
- Only the selected pre-activations need full precision. Where the processor has instructions for
  bfloat16, a product in bfloat16 *screens*: it selects somewhat more candidates than `k`, their
  pre-activations are computed in float32, and the `k` largest of these are kept. So values and
  gradients are those of float32. A latent is missed only if bfloat16 ranks it below all candidates,
  which needs a quarter of `k` other latents within the rounding error around the k-th place.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from saetui.train.pairs import LatentOrder, products

_GROUP = 8
# Below this many multiplications the float32 product takes less time than screening saves.
_WORTH_SCREENING = 1 << 31


@dataclass
class Encoder:
    """Computes pre-activations of batches in memory that is allocated once.

    Args:
        batch: The most rows.
        n: Latents.
        d: Width.
        screening: Whether to screen in bfloat16.
        device: Where the weights are.
    """

    batch: int
    n: int
    d: int
    screening: bool
    device: torch.device

    def __post_init__(self) -> None:
        kind = torch.bfloat16 if self.screening else torch.float32
        empty = partial(torch.empty, dtype=kind, device=self.device)
        self._preactivations = empty(self.batch, self.n)
        self._weight = empty(self.n, self.d) if self.screening else None

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """`x W_enc^T + b_enc` for centred rows `(B, d)`: `(B, n)`, valid until the next call."""
        a = self._preactivations[: len(x)]
        if self._weight is None:
            return torch.addmm(bias, x, weight.T, out=a)
        self._weight.copy_(weight)
        return torch.addmm(bias.bfloat16(), x.bfloat16(), self._weight.T, out=a)


def can_screen() -> bool:
    """Whether this processor has instructions for bfloat16, without which screening is slower."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def worth_screening(batch: int, n: int, d: int, device: torch.device) -> bool:
    """Whether screening saves time for products of this size on this device."""
    return device.type == "cpu" and batch * n * d >= _WORTH_SCREENING and can_screen()


def largest(a: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The `k` largest numbers of each row of `(B, n)`, unsorted: values and columns, `(B, k)`."""
    count, n = a.shape
    groups = n // _GROUP
    if n % _GROUP or groups < 2 * k:
        values, columns = torch.topk(a, k, dim=1, sorted=False)
        return values, columns
    # A group takes every (n / 8)-th column, so that maxima are taken over contiguous memory.
    grouped = a.view(count, _GROUP, groups)
    best = torch.topk(grouped.amax(dim=1), k, dim=1, sorted=False).indices
    candidates = grouped.gather(2, best[:, None, :].expand(-1, _GROUP, -1)).view(count, -1)
    values, places = torch.topk(candidates, k, dim=1, sorted=False)
    return values, best.gather(1, places % k) + places // k * groups


def select(
    a: Tensor, k: int, x: Tensor, weight: Tensor, bias: Tensor, *, among: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The `k` largest pre-activations of each row in float32.

    Args:
        a: Pre-activations `(B, m)`, float32; bfloat16 ones are used for screening only.
        k: How many, at most `m`.
        x: The centred rows `(B, d)` that `a` was computed from.
        weight: `W_enc` `(n, d)`.
        bias: `b_enc` `(n,)`.
        among: int64 `(m,)`, the latents of the columns of `a`; None: all, in order.

    Returns:
        Values (not yet rectified) and latents, both `(B, k)`.
    """
    screened = a.dtype != torch.float32
    values, candidates = largest(a, min(k + max(8, k // 4), a.shape[1]) if screened else k)
    if among is not None:
        candidates = among[candidates]
    if not screened:
        return values, candidates
    rows = torch.arange(len(x), device=x.device).repeat_interleave(candidates.shape[1])
    ordered = LatentOrder.of(rows, candidates.reshape(-1), len(weight))
    exact = torch.empty(candidates.numel(), device=x.device)
    exact[ordered.order] = products(ordered, weight, x) + bias[ordered.latents]
    values, places = torch.topk(exact.view_as(candidates), k, dim=1, sorted=False)
    return values, candidates.gather(1, places)


def strongest(values: Tensor, count: int) -> Tensor:
    """Which of the values `(B, s)` are positive and among the `count` largest; bool."""
    flat = values.reshape(-1)
    kept = torch.zeros_like(flat, dtype=torch.bool)
    kept[torch.topk(flat, min(count, len(flat)), sorted=False).indices] = True
    return kept.view_as(values) & (values > 0)
