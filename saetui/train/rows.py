"""The rows to train on: checked, split, shuffled, and kept in memory or read in shards."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from saetui.errors import BuildError
from saetui.store.arrays import forget_pages
from saetui.train.options import ALONE, Workers

# Bytes of vectors that are checked at a time.
_CHECKED_BYTES = 64 << 20
_MOST_HELD_OUT = 20_000
_SHARD_ROWS = 512
# Combined with the seed, so that its different uses draw different random numbers.
_SPLIT, _SAMPLE, _ORDER = 1, 2, 3


@dataclass(frozen=True)
class CheckedVectors:
    """Vectors that were checked to be a matrix of finite numbers.

    Attributes:
        rows: `(N, d)`, any real type; may be memory-mapped.
        fingerprint: Hash of shape, type and every number.
    """

    rows: NDArray[np.floating]
    fingerprint: str

    @classmethod
    def of(cls, vectors: ArrayLike, *, block_bytes: int = _CHECKED_BYTES) -> "CheckedVectors":
        """Read `vectors` once, a block at a time.

        Raises:
            BuildError: Not a matrix, empty, or a number in it is not finite.
        """
        rows = np.asanyarray(vectors)
        if rows.ndim != 2 or not np.issubdtype(rows.dtype, np.floating):
            raise BuildError(
                f"Vectors must be a matrix of floating-point numbers, one row a document, "
                f"not {rows.dtype} of shape {rows.shape}."
            )
        if 0 in rows.shape:
            raise BuildError(
                f"There are no vectors to train on (shape {rows.shape}).",
                "Check that the corpus has documents and that they were embedded.",
            )
        digest = hashlib.blake2b(f"{rows.dtype} {rows.shape}".encode(), digest_size=16)
        step = max(1, block_bytes // rows[0].nbytes)
        for start in range(0, len(rows), step):
            block = np.ascontiguousarray(rows[start : start + step])
            finite = np.isfinite(block).all(axis=1)
            if not finite.all():
                first = start + int(np.argmin(finite))
                raise BuildError(
                    f"Row {first} of the vectors (counting from 0) holds NaN or infinity.",
                    "Embed that document again, or leave it out.",
                )
            digest.update(block.data)
            forget_pages(rows)
        return cls(rows, digest.hexdigest())


class Batch(NamedTuple):
    """The rows of one step.

    Attributes:
        size: Number of rows of all workers.
        rows: The rows of this worker, float32 `(B, d)`.
    """

    size: int
    rows: Tensor


class _Plan(NamedTuple):
    """The rows to read into a buffer, and how to divide them into batches.

    Attributes:
        rows: Row numbers, ascending.
        batches: Of each batch, the number of rows of all workers, and the positions in the buffer
            of this worker's rows.
    """

    rows: NDArray[np.int64]
    batches: list[tuple[int, NDArray[np.int64]]]


class TrainingRows:
    """Training and held-out rows of checked vectors.

    Args:
        vectors: All rows.
        held_out: Share of rows to hold out; none if that is fewer than two.
        seed: Of the split and of every order.
        memory_bytes: Bytes that training rows may take as float32.
        workers: Divide each batch among them.
        shard_rows: Rows of a shard, which are read together whatever the order of shards.

    Raises:
        BuildError: There are fewer training rows than workers.
    """

    def __init__(
        self,
        vectors: CheckedVectors,
        held_out: float,
        seed: int,
        memory_bytes: int,
        workers: Workers = ALONE,
        *,
        shard_rows: int = _SHARD_ROWS,
    ) -> None:
        self._vectors = vectors.rows
        self._shard_rows = shard_rows
        self._workers = workers
        self._seed = seed
        count, self.d = self._vectors.shape
        reserved = min(int(count * held_out), _MOST_HELD_OUT)
        chooser = np.random.default_rng([seed, _SPLIT])
        self.held_out_rows = np.sort(
            chooser.choice(count, reserved if reserved > 1 else 0, replace=False, shuffle=False)
        )
        self.count = count - len(self.held_out_rows)
        if self.count < workers.count:
            raise BuildError(
                f"{self.count} training rows cannot be shared by {workers.count} workers.",
                "Start fewer.",
            )
        row_bytes = 4 * self.d
        self._resident: Tensor | None = None
        if self.count * row_bytes <= memory_bytes:
            self._resident = self._read(self._without_held_out(0, count))
        # Two buffers of a quarter of the memory each: one is read while the other is trained on.
        # They are large enough to shuffle in, and leave room for the weights and their moments.
        self._shards_per_buffer = max(1, memory_bytes // (4 * row_bytes * shard_rows))

    def held_out(self) -> Tensor:
        """Held-out rows, float32 `(H, d)`."""
        return self._read(self.held_out_rows)

    def sample(self, most: int) -> Tensor:
        """At most `most` training rows in a fixed random order; float32."""
        chooser = np.random.default_rng([self._seed, _SAMPLE])
        if self._resident is not None:
            return self._resident[torch.from_numpy(chooser.permutation(self.count)[:most])]
        extra = min(len(self._vectors), most + len(self.held_out_rows))
        rows = chooser.choice(len(self._vectors), extra, replace=False)
        rows = rows[~np.isin(rows, self.held_out_rows)][:most]
        order = np.argsort(rows)
        sample = torch.empty(len(rows), self.d)
        sample[torch.from_numpy(order)] = self._read(rows[order])
        return sample

    def batches(self, epoch: int, size: int, first: int = 0) -> Iterator[Batch]:
        """Batches of one epoch, in an order that depends on seed and epoch only.

        Args:
            epoch: Counted from 0.
            size: The most rows in a batch; batches are of nearly equal size.
            first: Batches to skip, because they were trained on before an interruption.

        Yields:
            Each training row in exactly one batch and for one worker.
        """
        plans = self._plans(epoch, size, first)
        plan = next(plans, None)
        with ThreadPoolExecutor(1) as reader:
            reading = reader.submit(self._buffer, plan) if plan else None
            while plan and reading:
                buffer = reading.result()
                following = next(plans, None)
                # It is read while the rows of this buffer are trained on.
                reading = reader.submit(self._buffer, following) if following else None
                for whole, places in plan.batches:
                    yield Batch(whole, buffer[torch.from_numpy(places)])
                plan = following

    def _plans(self, epoch: int, size: int, first: int) -> Iterator[_Plan]:
        """The plan of each buffer."""
        for number, rows in enumerate(self._buffers(epoch)):
            count = -(-len(rows) // size)
            if first >= count:
                first -= count
                continue
            order = np.random.default_rng([self._seed, _ORDER, epoch, number + 1])
            batches = np.array_split(order.permutation(len(rows)), count)[first:]
            first = 0
            wholes = [len(batch) for batch in batches]
            batches = [batch[self._workers.rank :: self._workers.count] for batch in batches]
            if self._resident is None:
                mine, places = np.unique(np.concatenate(batches), return_inverse=True)
                batches = np.split(places, np.cumsum([len(batch) for batch in batches])[:-1])
                needed = rows[mine]
            else:
                needed = rows
            yield _Plan(needed, list(zip(wholes, batches, strict=True)))

    def _buffer(self, plan: _Plan) -> Tensor:
        return self._read(plan.rows) if self._resident is None else self._resident

    def _buffers(self, epoch: int) -> Iterator[NDArray[np.int64]]:
        """Row numbers that are shuffled together."""
        if self._resident is not None:
            yield np.arange(self.count)
            return
        shards = -(-len(self._vectors) // self._shard_rows)
        order = np.random.default_rng([self._seed, _ORDER, epoch, 0]).permutation(shards)
        for start in range(0, shards, self._shards_per_buffer):
            chosen = np.sort(order[start : start + self._shards_per_buffer]) * self._shard_rows
            spans = [self._without_held_out(row, row + self._shard_rows) for row in chosen.tolist()]
            rows = np.concatenate(spans)
            if len(rows):
                yield rows

    def _without_held_out(self, first: int, last: int) -> NDArray[np.int64]:
        """Training rows among `first` to `last`."""
        span = np.arange(first, min(last, len(self._vectors)))
        low, high = np.searchsorted(self.held_out_rows, [first, last])
        return np.delete(span, self.held_out_rows[low:high] - first)

    def _read(self, rows: NDArray[np.int64]) -> Tensor:
        """Rows in ascending order of their numbers, float32 `(m, d)`."""
        result = torch.empty(len(rows), self.d)
        for start in range(0, len(rows), self._shard_rows):
            part = rows[start : start + self._shard_rows]
            block = np.asarray(self._vectors[part], dtype=np.float32)
            result[start : start + len(part)] = torch.from_numpy(block)
        forget_pages(self._vectors)
        return result
