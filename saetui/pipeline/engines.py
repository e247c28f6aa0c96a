"""Where the heavy steps of a build run: in this process, or on a cluster."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, Protocol

from saetui.core.codec import Codes, Float, SaeWeights
from saetui.errors import InputError

ENGINES = ("local", "ray")


class Engine(Protocol):
    """Maps embedding and encoding over many machines."""

    @property
    def documents(self) -> int:
        """How many documents it should be given at once, so that no machine is idle for long."""

    def embed(self, settings: dict[str, Any], texts: Sequence[str]) -> Float:
        """What the embedder of these settings makes of texts, in their order.

        Raises:
            SaetuiError: The embedder failed, or the cluster is gone.
        """

    def encode(self, weights: SaeWeights, vectors: Float) -> Codes:
        """Codes of vectors `(m, d)`, in their order.

        Raises:
            SaetuiError: The cluster is gone.
        """


@contextmanager
def opened_engine(name: str, address: str) -> Iterator[Engine | None]:
    """An engine by name, for the length of a block; None for this process.

    Args:
        name: `local` or `ray`.
        address: Of a cluster; empty starts one on this machine.

    Raises:
        InputError: There is no such engine.
        MissingDependency: It is not installed.
        BuildError: The cluster cannot be reached.
    """
    if name not in ENGINES:
        raise InputError(f"There is no engine '{name}'.", f"Choose one of {', '.join(ENGINES)}.")
    if name == "local":
        if address:
            raise InputError("--address names a cluster, and none was asked for.", "Add --engine.")
        yield None
        return
    from saetui.pipeline.ray_engine import RayEngine

    # Ray says on standard output what becomes of machines, where only results belong.
    with redirect_stdout(sys.stderr):
        engine = RayEngine(address)
        try:
            yield engine
        finally:
            engine.close()
