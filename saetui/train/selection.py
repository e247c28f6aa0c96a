"""Which latents are active: the largest pre-activations of each sample, found fast.

Two exact short cuts and one that is exact but for near-ties:

- The `k` largest numbers of a row lie in the `k` groups with the largest maxima, so finding those
  groups first leaves an eighth of the numbers to choose from.
- Only what was selected needs full precision. Where the processor multiplies bfloat16 natively, a
  product in bfloat16 *screens*: it names somewhat more candidates than `k`, their pre-activations
  are computed in float32, and the `k` largest of those are selected. Values and gradients are those
  of float32; a latent is missed only if bfloat16 ranks it below all candidates, which happens
  when a quarter of `k` others lie within bfloat16's rounding error of the k-th place.
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
    """Pre-activations of batches under changing weights, without allocating anew each time.

    Args:
        batch: Rows at most.
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
    """Whether this processor multiplies bfloat16 natively, so that screening pays."""
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
    # A group takes every (n / 8)-th column: its maximum is then taken over rows of memory.
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
        a: Pre-activations `(B, m)`, float32, or bfloat16 to be used for screening only.
        k: How many, at most `m`.
        x: The centred rows `(B, d)` that `a` was computed from.
        weight: `W_enc` `(n, d)`.
        bias: `b_enc` `(n,)`.
        among: int64 `(m,)`, the latents that the columns of `a` belong to; None: all, in order.

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
    """Which are the `count` largest of all values `(B, s)`, as far as they are positive; bool."""
    flat = values.reshape(-1)
    kept = torch.zeros_like(flat, dtype=torch.bool)
    kept[torch.topk(flat, min(count, len(flat)), sorted=False).indices] = True
    return kept.view_as(values) & (values > 0)
