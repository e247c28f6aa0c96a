"""Workers: processes that train one autoencoder together, each on its part of every batch.

`torchrun` starts them and gives each its rank in the environment. Gradients are summed over
workers, so that the result is that of one process with the whole batch.
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


@contextmanager
def joined_workers(device: Device) -> Iterator[Workers]:
    """Join the workers that `torchrun` started; without it, this process is the only one.

    Args:
        device: Where they train; each takes another CUDA device.
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
