"""Two processes that train together do what one does with the whole batch."""

import json
import os
import socket
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training import Interrupted, Recorder, train

from saetui.train.options import joined_workers

# Both trainings in copies of one process, since each process would import torch anew.
SCRIPT = """
import json, sys
from pathlib import Path
from test_workers import train_together
print(json.dumps([train_together(Path(sys.argv[1]), stop) for stop in (11, None)]))
"""


def train_together(folder, stop=None):
    """Train in two processes, and return their exit codes.

    Args:
        folder: Of checkpoints and results.
        stop: After so many batches the first process is lost.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        get_context("fork").Process(target=_work, args=(folder, rank, port, stop))
        for rank in range(2)
    ]
    for process in processes:
        process.start()
    wait([process.sentinel for process in processes])
    if any(process.exitcode for process in processes):
        # The other waits for gradients, as it would for those of a machine that was lost.
        for process in processes:
            process.kill()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def _work(folder, rank, port, stop):
    # What torchrun sets.
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
    with joined_workers("cpu") as workers:
        progress = Recorder(stop)
        try:
            trained = train(folder, progress=progress, workers=workers)
        except Interrupted:
            os._exit(3)
        # Whatever torch reads while it trains, nothing may keep hold of the group behind its end.
        parameter = torch.nn.Parameter(torch.ones(2))
        parameter.grad = torch.ones(2)
        torch.optim.Adam([parameter]).step()
        np.savez(
            folder / f"worker-{workers.rank}",
            encoder=trained.weights.encoder,
            directions=trained.weights.directions,
            curve=[entry["held_out_nmse"] for entry in trained.metrics["curve"]],
            batches_told_of=progress.batches,
            done_before=-1 if progress.started is None else progress.started[3],
        )
    tasks = Path("/proc/self/task")
    names = [(task / "comm").read_text() for task in tasks.iterdir()] if tasks.exists() else []
    (folder / f"threads-{rank}").write_text("".join(names))


def results(folder):
    found = []
    for rank in range(2):
        with np.load(folder / f"worker-{rank}.npz") as arrays:
            found.append(dict(arrays))
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are copies of one process")
def test_two_workers_train_what_one_trains_and_go_on_where_a_lost_one_left_them(tmp_path):
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    environment["OMP_NUM_THREADS"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lost, whole = json.loads(done.stdout)
    assert 0 not in lost
    assert whole == [0, 0], done.stderr
    first, second = results(tmp_path)
    assert first["done_before"] > 0 > second["done_before"]
    assert first["batches_told_of"] > 0 == second["batches_told_of"]
    for rank in range(2):
        assert "gloo" not in (tmp_path / f"threads-{rank}").read_text()
    for name in ("encoder", "directions", "curve"):
        assert np.array_equal(first[name], second[name])
    alone = train(tmp_path / "alone")
    np.testing.assert_allclose(first["directions"], alone.weights.directions, atol=2e-4)
    np.testing.assert_allclose(first["encoder"], alone.weights.encoder, atol=2e-4)
    expected = [entry["held_out_nmse"] for entry in alone.metrics["curve"]]
    np.testing.assert_allclose(first["curve"], expected, rtol=1e-3)


def test_without_torchrun_one_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_workers("cpu") as workers:
        assert (workers.rank, workers.count, workers.first) == (0, 1, True)
        assert workers.agree("itself") == "itself"
