"""Workers that train one autoencoder together, each on its part of every batch.

Started by `torchrun`, which says in the environment who is who. Gradients are summed over workers,
so that several do what one would do with the whole batch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from saetui.train.options import Device

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Workers:
    """This worker among all.

    Attributes:
        rank: Number of this one, from 0.
        count: Of all.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes checkpoints and speaks to the user."""
        return self.rank == 0

    def sum(self, *tensors: "Tensor") -> None:
        """Replace each tensor by its sum over workers."""
        if self.count > 1:
            from torch import distributed

            for tensor in tensors:
                distributed.all_reduce(tensor)

    def any(self, flags: "Tensor") -> None:
        """Replace bools by whether any worker has them set."""
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
        """The first worker's value of something small."""
        if self.count == 1:
            return value
        from torch import distributed

        values = [value]
        distributed.broadcast_object_list(values, 0)
        return values[0]


ALONE = Workers()


@contextmanager
def joined_workers(device: Device) -> Iterator[Workers]:
    """Join the workers that `torchrun` started; be alone where it did not.

    Args:
        device: Where each of them trains; of several CUDA devices each takes its own.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield ALONE
        return
    import torch

    # Its functions take the group that there is when it is read for the one to use by default.
    # The optimizers read it; then the group would outlive its end, and its threads Python's, which
    # now and then aborts the process. Read before there is a group, it holds none.
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
