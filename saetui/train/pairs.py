"""Sums and products over pairs (sample, latent).

A code matrix with a few active latents in each row is stored as a list of pairs. Training needs
three operations on it, none of which builds a dense `(samples, n)` matrix:

- `decode`: for each row the weighted sum of its latents' vectors (pairs in the order of rows);
- `products`: for each pair the inner product of its row's and its latent's vector;
- `sums`: for each latent the weighted sum of its rows' vectors.

The last two take the pairs in the order of latents, so that a latent's vector stays in the
first-level cache while rows come from the last-level cache. For 65,536 pairs of width 1,536 this
takes 6 ms instead of 23 ms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

# Results of this size stay in the cache for the next operation, and the allocator reuses their
# memory instead of asking the system for new pages.
_BLOCK_BYTES = 3 << 20
_GATHERED_BYTES = 256 << 20
_SUM = 0  # The mode "sum" in the functions behind embedding_bag.


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

    Args:
        ordered: The pairs.
        of_latents: float32 `(n, d)`.
        of_rows: float32 `(R, d)`.
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

    Args:
        ordered: The pairs.
        weights: float32 `(P,)` in the order of latents.
        of_rows: float32 `(R, d)`.
        block_bytes: That the sums of a block take.

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
