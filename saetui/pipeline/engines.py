"""Where the heavy steps of a build run: in this process, or on the machines of a Ray cluster.

Blocks of documents are handed to Ray's workers, each of which loads the embedder or the weights
once. What a machine had under way when it died is done again by the others; that is Ray's own
doing. Every machine needs saetui itself, and whatever the embedder needs.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np

from saetui.core.codec import Codes, Float, SaeWeights, encode
from saetui.embed import EmbedderSettings, load_embedder
from saetui.errors import BuildError, InputError, MissingDependency, SaetuiError

if TYPE_CHECKING:
    from saetui.embed import Embedder

ENGINES = ("local", "ray")


@contextmanager
def opened_engine(name: str, address: str) -> Iterator["RayEngine | None"]:
    """An engine by name, for the length of a block; None for this process.

    An empty address starts a cluster on this machine.

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

    # Ray says on standard output what becomes of machines, where only results belong.
    with redirect_stdout(sys.stderr):
        engine = RayEngine(address)
        try:
            yield engine
        finally:
            engine.close()


_TEXTS = 256
_VECTORS = 1_024
# Blocks that each worker gets of what is handed over at once.
_BLOCKS_PER_WORKER = 16
_MOST_DOCUMENTS = 131_072
# Seconds in which a cluster must answer.
_PATIENCE = 10

Batch = Mapping[str, Any]


class RayEngine:
    """A Ray cluster.

    The address is that of its head, or `auto` for the one on this machine; an empty one starts one
    here.

    Raises:
        MissingDependency: Ray is not installed.
        BuildError: The cluster cannot be reached.
    """

    def __init__(self, address: str) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
            from ray.data import DataContext
        except ImportError:
            raise MissingDependency("ray", "--engine ray", "ray") from None
        self._ray: Any = ray
        _check_reachable(address)
        try:
            ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise _no_cluster(address, str(error).partition("\n")[0].rstrip(".")) from None
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        DataContext.get_current().enable_progress_bars = False
        self._weights: tuple[SaeWeights, Any] | None = None

    @property
    def workers(self) -> int:
        """Processors in the cluster, each of which works for itself."""
        return max(int(self._ray.cluster_resources().get("CPU", 0)), 1)

    @property
    def documents(self) -> int:
        """How many it should be given at once, so that no machine is idle for long."""
        return min(self.workers * _BLOCKS_PER_WORKER * _TEXTS, _MOST_DOCUMENTS)

    def embed(self, settings: dict[str, Any], texts: Sequence[str]) -> Float:
        """What the embedder of these settings makes of texts, in their order.

        Raises:
            SaetuiError: The embedder failed, or the cluster is gone.
        """
        blocks = [
            {"start": start, "texts": list(texts[start : start + _TEXTS])}
            for start in range(0, len(texts), _TEXTS)
        ]
        vectors: Float | None = None
        for start, found in self._mapped(blocks, _EmbeddingWorker, settings):
            rows = np.frombuffer(found["vectors"], dtype=np.float32).reshape(found["shape"])
            if vectors is None:
                vectors = np.empty((len(texts), rows.shape[1]), dtype=np.float32)
            vectors[start : start + len(rows)] = rows
        assert vectors is not None
        return vectors

    def encode(self, weights: SaeWeights, vectors: Float) -> Codes:
        """Codes of vectors `(m, d)`, in their order.

        Raises:
            SaetuiError: The cluster is gone.
        """
        if self._weights is None or self._weights[0] is not weights:
            self._weights = weights, self._ray.put(weights)
        blocks = [
            {
                "start": start,
                "vectors": vectors[start : start + _VECTORS].tobytes(),
                "shape": list(vectors[start : start + _VECTORS].shape),
            }
            for start in range(0, len(vectors), _VECTORS)
        ]
        indices = np.empty((len(vectors), weights.k), dtype=np.int32)
        values = np.empty((len(vectors), weights.k), dtype=np.float32)
        for start, found in self._mapped(blocks, _EncodingWorker, self._weights[1]):
            shape = found["shape"]
            stop = start + shape[0]
            indices[start:stop] = np.frombuffer(found["indices"], dtype=np.int32).reshape(shape)
            values[start:stop] = np.frombuffer(found["values"], dtype=np.float32).reshape(shape)
        return Codes(indices, values, weights.n)

    def _mapped(
        self, blocks: Sequence[dict[str, Any]], worker: type, argument: object
    ) -> Iterator[tuple[int, Batch]]:
        """What workers make of blocks, in the order in which they are done.

        Raises:
            SaetuiError: A worker found something wrong, or the cluster is gone.
        """
        data = self._ray.data.from_items(list(blocks), override_num_blocks=len(blocks))
        mapped = data.map_batches(
            worker,
            fn_constructor_args=(argument,),
            batch_size=1,
            num_cpus=1,
            concurrency=(1, self.workers),
        )
        try:
            for row in mapped.iter_rows():
                if row["error"]:
                    raise BuildError(row["error"], row["hint"])
                yield int(row["start"]), row
        except self._ray.exceptions.RayError as error:
            raise BuildError(
                f"The Ray cluster failed: {str(error).partition(chr(10))[0]}",
                "See that its machines run and have saetui; the same command goes on.",
            ) from error

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._ray.shutdown()


def _check_reachable(address: str) -> None:
    """Ray itself would try for minutes.

    Raises:
        BuildError: An address with a port does not answer.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except OSError as error:
        raise _no_cluster(address, error.strerror or str(error)) from None


def _no_cluster(address: str, reason: str) -> BuildError:
    return BuildError(
        f"There is no Ray cluster at {address or 'this machine'} ({reason}).",
        "Start one with 'ray start --head', and give its address with --address.",
    )


def _answered(batch: Batch, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A worker's answer to a block; what is wrong with it is an answer, too.

    Ray would try an error again and again, and errors with more than a message cannot travel.
    """
    try:
        found, error, hint = make(), "", ""
    except SaetuiError as failure:
        found, error, hint = {"shape": [0, 0]}, failure.message, failure.hint
    answer = {"start": int(batch["start"][0]), "error": error, "hint": hint, **found}
    return {name: [value] for name, value in answer.items()}


class _EmbeddingWorker:
    """Embeds blocks of texts; the embedder is loaded with the first."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = EmbedderSettings.from_dict(settings)
        self._embedder: Embedder | None = None

    def __call__(self, batch: Batch) -> dict[str, Any]:
        def embedded() -> dict[str, Any]:
            if self._embedder is None:
                self._embedder = load_embedder(self._settings)
            vectors = self._embedder.embed_documents(list(batch["texts"][0]))
            vectors = np.ascontiguousarray(vectors, dtype=np.float32)
            return {"vectors": vectors.tobytes(), "shape": list(vectors.shape)}

        return _answered(batch, embedded)


class _EncodingWorker:
    """Encodes blocks of vectors."""

    def __init__(self, weights: Any) -> None:  # noqa: ANN401 - a reference of Ray's.
        import ray

        self._weights: SaeWeights = ray.get(weights)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        def encoded() -> dict[str, Any]:
            flat = np.frombuffer(batch["vectors"][0], dtype=np.float32)
            codes = encode(self._weights, flat.reshape(batch["shape"][0]))
            return {
                "indices": codes.indices.tobytes(),
                "values": codes.values.tobytes(),
                "shape": list(codes.indices.shape),
            }

        return _answered(batch, encoded)
