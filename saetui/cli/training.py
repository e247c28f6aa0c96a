"""What commands that train have in common."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saetui.train.options import TrainingOptions


def training_options(
    *,
    seed: int,
    device: str,
    epochs: int | None,
    samples: int | None = None,
    gigabytes: float | None = None,
) -> "TrainingOptions":
    """How to train, from what was asked for on the command line.

    Raises:
        InputError: There is no such device.
    """
    from saetui.errors import InputError
    from saetui.train.options import DEVICES, TrainingOptions

    known = next((each for each in DEVICES if each == device), None)
    if known is None:
        raise InputError(f"'{device}' is not a device.", f"Choose one of {', '.join(DEVICES)}.")
    usual = TrainingOptions()
    return TrainingOptions(
        seed=seed,
        device=known,
        max_epochs=usual.max_epochs if epochs is None else epochs,
        max_samples=samples,
        memory_bytes=usual.memory_bytes if gigabytes is None else int(gigabytes * (1 << 30)),
    )
