"""The state of an unfinished training on disk: one safetensors file, whole or absent."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from saetui.store.atomic import atomic_write

FILE = "training.safetensors"
# Writing checkpoints may take this share of the time.
_WRITING_SHARE = 0.05


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training.

    Attributes:
        tensors: Weights, averages, moments, counters.
        state: Everything else, as JSON values.
    """

    tensors: Mapping[str, Tensor]
    state: Mapping[str, object]


@dataclass
class CheckpointFile:
    """The last checkpoint of one training.

    Args:
        folder: Its folder; made when first needed.
        identity: Hash of data and settings; a checkpoint with another identity is not read.
        seconds: The least time between two checkpoints; 0: always due.
    """

    folder: Path
    identity: str
    seconds: float

    def __post_init__(self) -> None:
        self._last, self._cost = time.monotonic(), 0.0

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE

    def due(self, share: float = 1.0) -> bool:
        """Whether at least `share` of the time between two checkpoints has passed."""
        wait = max(self.seconds * share, self._cost / _WRITING_SHARE) if self.seconds else 0.0
        return time.monotonic() - self._last >= wait

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the last checkpoint by this one."""
        started = time.monotonic()
        metadata = {
            "identity": self.identity,
            "state": json.dumps(checkpoint.state, allow_nan=False),
        }
        with atomic_write(self.path) as temporary:
            save_file(dict(checkpoint.tensors), temporary, metadata=metadata)
        self._last = time.monotonic()
        self._cost = self._last - started

    def read(self) -> Checkpoint | None:
        """The last checkpoint of this training; None if there is none that can be read."""
        try:
            with safe_open(self.path, framework="pt") as file:
                names, metadata = file.keys(), file.metadata() or {}
                if metadata.get("identity") != self.identity:
                    return None
                state = json.loads(metadata["state"])
                # Copied, because these tensors are mapped from a file that will be replaced.
                tensors = {name: file.get_tensor(name).clone() for name in names}
        except (OSError, SafetensorError, KeyError, ValueError):
            return None
        return Checkpoint(tensors, state)
