"""What to train and how: shape and settings, with conversion to JSON, and the workers who train.

Workers are processes that train one autoencoder together, each on its part of every batch.
`torchrun` starts them and gives each its rank in the environment. Gradients are summed over
workers, so that the result is that of one process with the whole batch.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from saetui.errors import BuildError
from saetui.train.size import SaeSize, Variant

if TYPE_CHECKING:
    from torch import Tensor

Device = Literal["auto", "cpu", "cuda", "mps"]
DEVICES: tuple[Device, ...] = get_args(Device)
Screening = Literal["auto", "always", "never"]
_STEPS_PER_EPOCH = 40
_MOST_OVER_MEAN = 4
_PREFIX_SHARES = (16, 8, 4, 2, 1)
T = TypeVar("T")


@dataclass(frozen=True)
class Workers:
    """This worker, and how many there are.

    Attributes:
        rank: Number of this worker, from 0.
        count: Number of workers.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this worker writes checkpoints and reports to the user."""
        return self.rank == 0

    def sum(self, *tensors: "Tensor") -> None:
        """Replace each tensor by its sum over workers."""
        if self.count > 1:
            from torch import distributed

            for tensor in tensors:
                distributed.all_reduce(tensor)

    def any(self, flags: "Tensor") -> None:
        """Replace each bool by whether it is set in any worker."""
        if self.count > 1:
            from torch import distributed

            counts = flags.byte()
            distributed.all_reduce(counts, distributed.ReduceOp.MAX)
            flags.copy_(counts > 0)

    def follow_first(self, *tensors: "Tensor") -> None:
        """Replace each tensor by that of the first worker."""
        if self.count > 1:
            from torch import distributed

            for tensor in tensors:
                distributed.broadcast(tensor, 0)

    def agree(self, value: T) -> T:
        """The first worker's value, which must be small."""
        if self.count == 1:
            return value
        from torch import distributed

        values = [value]
        distributed.broadcast_object_list(values, 0)
        return values[0]


ALONE = Workers()


@dataclass(frozen=True)
class SaeConfig:
    """The shape of one sparse autoencoder.

    Attributes:
        d: Width of the embeddings.
        n: Latents ("features").
        k: Active latents per document, with "batchtopk" on average.
        variant: "topk": the `k` largest pre-activations of each document are active; "batchtopk":
            those above one threshold, `k` on average; "matryoshka": as "topk", but the first
            latents must reconstruct documents alone, which makes them the most general ones.
    """

    d: int
    n: int
    k: int
    variant: Variant = "topk"

    def __post_init__(self) -> None:
        for name in ("d", "n", "k"):
            if getattr(self, name) < 1:
                raise BuildError(f"An autoencoder needs {name} of at least 1, not {self}.")
        if self.k > self.n:
            raise BuildError(
                f"k = {self.k} features cannot be active where there are only n = {self.n}.",
                "Choose k below n.",
            )

    @property
    def name(self) -> str:
        """Short name, as in "k16-n768" or "batchtopk-k16-n768"."""
        return SaeSize(self.n, self.k, self.variant).name

    @property
    def most_active(self) -> int:
        """Active latents per document at most."""
        return min(self.n, self.k * _MOST_OVER_MEAN) if self.variant == "batchtopk" else self.k

    @property
    def prefixes(self) -> tuple[int, ...]:
        """How many of the first latents must reconstruct documents alone, ascending to `n`."""
        if self.variant != "matryoshka":
            return (self.n,)
        return tuple(sorted({-(-self.n // share) for share in _PREFIX_SHARES}))


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    The defaults gave the lowest held-out error on corpora of 2,500 to 32,000 abstracts: a high,
    constant learning rate whose noise keeps weights from memorising documents, a tether that does
    the same for the encoder, and an average of the weights that removes the noise from the result.

    Attributes:
        seed: Of initial weights, of the held-out split and of the order of rows.
        max_epochs: The most passes over the training rows.
        max_samples: The most rows to train on, counting repetitions; None: no limit.
        batch: Rows per step; None: about 40 steps an epoch, at least 64 rows and at most 1,024.
        learning_rate: Adam's; None: `0.1 / sqrt(d)`, a tenth of a direction's length per step.
        warmup_steps: Steps over which the learning rate rises linearly from zero.
        decay: Share of the planned samples over which it falls linearly to zero at the end.
        tether: How strongly encoder rows are drawn toward half of their directions, as a share per
            step and unit of learning rate; 0: not at all. It is decoupled weight decay, as in
            AdamW, but toward an encoder that is tied to the decoder instead of toward zero.
        average: Decay of the moving average of weights per step; 0: keep the last weights.
        held_out: Share of rows held out to find the stopping point; at most 20,000 rows.
        patience: Training stops after this many epochs without a lower held-out error.
        screening: Whether products in bfloat16 select candidates for those in float32; "auto": if
            the processor and the size make that faster.
        device: Where to train; "auto": CUDA or Apple's GPU if there is one, else the processor.
        memory_bytes: Training rows that take no more than this as float32 are kept in memory;
            others are read from the vectors in shuffled shards.
    """

    seed: int = 0
    max_epochs: int = 100
    max_samples: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    warmup_steps: int = 20
    decay: float = 0.0
    tether: float = 2.0
    average: float = 0.998
    held_out: float = 0.1
    patience: int = 6
    screening: Screening = "auto"
    device: Device = "auto"
    memory_bytes: int = 2 << 30

    def __post_init__(self) -> None:
        whole = {"max_epochs": 1, "patience": 1, "memory_bytes": 1, "warmup_steps": 0, "seed": 0}
        for name, least in whole.items():
            if getattr(self, name) < least:
                raise BuildError(f"The training option {name} must be at least {least}.")
        for name in ("max_samples", "batch", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise BuildError(f"The training option {name} must be above zero, not {value}.")
        if not 0 <= self.tether < math.inf:
            raise BuildError(
                f"The training option tether must be a number of at least 0, not {self.tether}."
            )
        for name in ("decay", "average", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise BuildError(
                    f"The training option {name} is a share, at least 0 and below 1, "
                    f"not {getattr(self, name)}."
                )

    def rows_per_step(self, rows: int) -> int:
        """Rows in a batch, for a number of training rows."""
        if self.batch is not None:
            return min(self.batch, rows)
        share = max(1.0, rows / _STEPS_PER_EPOCH)
        return int(min(max(2 ** round(math.log2(share)), 64), 1024, rows))

    def highest_rate(self, d: int) -> float:
        """The learning rate after warm-up and before decay, for vectors of width `d`."""
        return 0.1 / math.sqrt(d) if self.learning_rate is None else self.learning_rate


@contextmanager
def joined_workers(device: Device) -> Iterator[Workers]:
    """Join the workers that `torchrun` started; without it, this process is the only one.

    Each takes another CUDA device.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield ALONE
        return
    import torch

    # This module keeps a reference to the process group that exists when it is imported, and the
    # optimisers import it. The group would then outlive its end and its threads the interpreter,
    # which sometimes aborts the process. Imported now, it keeps no group.
    import torch.distributed.nn.functional
    from torch import distributed

    on_cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if on_cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if on_cuda else "gloo")
    try:
        yield Workers(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
