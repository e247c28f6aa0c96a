"""Where to train: CUDA or Apple's GPU where there is one, else the processor."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from saetui.errors import BuildError
from saetui.train.options import Device

_WORTH_THREADS = 1 << 28


def chosen_device(wanted: Device) -> torch.device:
    """The device that was asked for; "auto": the fastest there is.

    Raises:
        BuildError: It is not there.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in present.items() if there))
    if not present[wanted]:
        raise BuildError(
            f"PyTorch finds no device '{wanted}' on this machine.", "Leave out --device."
        )
    return torch.device(wanted)


@contextmanager
def fewer_threads(multiplications: int) -> Iterator[None]:
    """Use one thread for small steps.

    Such a step is a hundred operations of some microseconds, and threads that wait for each other
    after every one gain little on an idle machine and lose a factor of fifty on a busy one.

    Args:
        multiplications: Of one step's largest product.
    """
    threads = torch.get_num_threads()
    if multiplications < _WORTH_THREADS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
