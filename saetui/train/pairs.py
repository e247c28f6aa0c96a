"""Active pairs (sample, latent): their selection, and sums and products over them.

A code matrix with a few active latents in each row is stored as a list of pairs. Training needs
three operations on it, none of which builds a dense `(samples, n)` matrix:

- `decode`: for each row the weighted sum of its latents' vectors (pairs in the order of rows);
- `products`: for each pair the inner product of its row's and its latent's vector;
- `sums`: for each latent the weighted sum of its rows' vectors.

The last two take the pairs in the order of latents, so that a latent's vector stays in the
first-level cache while rows come from the last-level cache. For 65,536 pairs of width 1,536 this
takes 6 ms instead of 23 ms.

Active are the largest pre-activations of each sample. Two methods make their selection fast. The
first is exact, the second except for near-ties:

- The `k` largest numbers of a row are in the `k` groups with the largest maxima. Finding these
  groups first leaves few numbers to compare.
- Only the selected pre-activations need full precision. Where the processor has instructions for
  bfloat16, a product in bfloat16 *screens*: it selects somewhat more candidates than `k`, their
  pre-activations are computed in float32, and the `k` largest of these are kept. So values and
  gradients are those of float32. A latent is missed only if bfloat16 ranks it below all candidates,
  which needs a quarter of `k` other latents within the rounding error around the k-th place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

# Results of this size stay in the cache for the next operation, and the allocator reuses their
# memory instead of asking the system for new pages.
_BLOCK_BYTES = 3 << 20
_GATHERED_BYTES = 256 << 20
_SUM = 0  # The mode "sum" in the functions behind embedding_bag.
_GROUP = 8
# Below this many multiplications the float32 product takes less time than screening saves.
_WORTH_SCREENING = 1 << 31


@dataclass(frozen=True)
class Pairs:
    """Active pairs in the order of rows.

    Attributes:
        rows: int64 `(P,)`, ascending.
        latents: int64 `(P,)`.
        values: float32 `(P,)`, activations, >= 0.
        row_starts: int64 `(R,)`, where each row's pairs begin; rows may be empty.
    """

    rows: Tensor
    latents: Tensor
    values: Tensor
    row_starts: Tensor

    @classmethod
    def from_matrix(
        cls,
        latents: Tensor,
        values: Tensor,
        *,
        kept: Tensor | None = None,
        bounds: Tensor | None = None,
    ) -> "Pairs":
        """Pairs of codes with the same number of slots in each row.

        Args:
            latents: int64 `(R, s)`.
            values: float32 `(R, s)`.
            kept: bool `(R, s)`, the slots in use; None: all.
            bounds: int64 `(G - 1,)`, ascending, that split the latents into `G` groups. Each
                row then becomes `G` rows, one a group: row `r` and group `g` give row `r G + g`.
        """
        count, slots = latents.shape
        device = latents.device
        rows = torch.arange(count, device=device).repeat_interleave(slots)
        if bounds is not None:
            latents, order = latents.sort(dim=1)
            values = values.gather(1, order)
            kept = None if kept is None else kept.gather(1, order)
            groups = torch.bucketize(latents, bounds, right=True)
            rows = rows * (len(bounds) + 1) + groups.reshape(-1)
            count *= len(bounds) + 1
        latents, values = latents.reshape(-1), values.reshape(-1)
        if kept is None and bounds is None:
            return cls(rows, latents, values, torch.arange(count, device=device) * slots)
        if kept is not None:
            used = kept.reshape(-1).nonzero().squeeze(1)
            rows, latents, values = rows[used], latents[used], values[used]
        starts = torch.zeros(count, dtype=torch.int64, device=device)
        starts[1:] = torch.bincount(rows, minlength=count).cumsum(0)[:-1]
        return cls(rows, latents, values, starts)

    def followed_by(self, others: "Pairs") -> "Pairs":
        """These rows, followed by the rows of `others`."""
        return Pairs(
            torch.cat([self.rows, others.rows + len(self.row_starts)]),
            torch.cat([self.latents, others.latents]),
            torch.cat([self.values, others.values]),
            torch.cat([self.row_starts, others.row_starts + len(self.rows)]),
        )


@dataclass(frozen=True)
class LatentOrder:
    """The same pairs in the order of latents.

    Attributes:
        order: int64 `(P,)`, the position of each of these pairs in the order of rows.
        latents: int64 `(P,)`, ascending.
        rows: int64 `(P,)`.
        starts: int64 `(n + 1,)`; latent `i` owns pairs `starts[i]:starts[i + 1]`.
    """

    order: Tensor
    latents: Tensor
    rows: Tensor
    starts: Tensor

    @classmethod
    def of(cls, rows: Tensor, latents: Tensor, n: int) -> "LatentOrder":
        """Sort pairs by latent; pairs of one latent stay in the order of rows."""
        ordered, order = torch.sort(latents, stable=True)
        starts = torch.zeros(n + 1, dtype=torch.int64, device=latents.device)
        torch.cumsum(torch.bincount(latents, minlength=n), dim=0, out=starts[1:])
        return cls(order, ordered, rows[order], starts)


def decode(pairs: Pairs, directions: Tensor) -> Tensor:
    """`sum_i z_ri d_i` of every row, `(R, d)`, from directions `(n, d)`."""
    return embedding_bag(
        pairs.latents, directions, pairs.row_starts, mode="sum", per_sample_weights=pairs.values
    )


def products(ordered: LatentOrder, of_latents: Tensor, of_rows: Tensor) -> Tensor:
    """Inner products `of_latents[i] . of_rows[r]` of every pair, `(P,)` in the order of latents.

    Vectors are float32 `(n, d)` and `(R, d)`.
    """
    if of_rows.device.type != "cpu":
        return _products_by_gathering(ordered, of_latents, of_rows)
    # The derivative of an embedding_bag by its weights; autograd would also compute the bag itself.
    result: Tensor = torch.ops.aten._embedding_bag_per_sample_weights_backward(
        of_latents, of_rows, ordered.rows, ordered.starts[:-1], ordered.latents, _SUM
    )
    return result


def _products_by_gathering(ordered: LatentOrder, of_latents: Tensor, of_rows: Tensor) -> Tensor:
    """`products` for any device, block by block."""
    block = max(1, _GATHERED_BYTES // (4 * of_rows.shape[1]))
    parts = [
        torch.einsum("pd,pd->p", of_latents[latents], of_rows[rows])
        for latents, rows in zip(
            torch.split(ordered.latents, block), torch.split(ordered.rows, block), strict=True
        )
    ]
    return torch.cat(parts)


def sums(
    ordered: LatentOrder, weights: Tensor, of_rows: Tensor, *, block_bytes: int = _BLOCK_BYTES
) -> Iterator[tuple[slice, Tensor]]:
    """`sum_r weight_ri of_rows[r]` of every latent, a block of latents at a time.

    Weights are float32 `(P,)` in the order of latents, rows float32 `(R, d)`. The sums of a
    block take `block_bytes`.

    Yields:
        A range of latents and their sums, `(length of the range, d)`.
    """
    n, d = len(ordered.starts) - 1, of_rows.shape[1]
    block = max(1, block_bytes // (4 * d))
    bounds = [*range(0, n, block), n]
    ends = ordered.starts[bounds].tolist()
    for number, (first, last) in enumerate(pairwise(bounds)):
        pairs = slice(ends[number], ends[number + 1])
        block_sums = embedding_bag(
            ordered.rows[pairs],
            of_rows,
            ordered.starts[first:last] - ends[number],
            mode="sum",
            per_sample_weights=weights[pairs],
        )
        yield slice(first, last), block_sums


@dataclass
class Encoder:
    """Computes pre-activations of batches in memory that is allocated once.

    There are `batch` rows at most.
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
