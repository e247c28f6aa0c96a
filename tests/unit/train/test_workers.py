"""Two processes that train together do what one does with the whole batch."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_training import train

from saetui.train.options import joined_workers

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import numpy as np
from test_training import Interrupted, Recorder, train
from saetui.train.options import joined_workers

stop = int(sys.argv[2]) or None
with joined_workers("cpu") as workers:
    progress = Recorder(stop)
    try:
        trained = train(Path(sys.argv[1]), progress=progress, workers=workers)
    except Interrupted:
        trained = None
    if stop:
        # The others wait for this one's gradients, as they would for a machine that was lost.
        import os
        os._exit(3)
    if trained:
        # Whatever torch reads while it trains, nothing may keep hold of the group behind its end.
        import torch
        parameter = torch.nn.Parameter(torch.ones(2))
        parameter.grad = torch.ones(2)
        torch.optim.Adam([parameter]).step()
        np.savez(
            Path(sys.argv[1]) / f"worker-{{workers.rank}}",
            encoder=trained.weights.encoder,
            directions=trained.weights.directions,
            curve=[entry["held_out_nmse"] for entry in trained.metrics["curve"]],
            batches_told_of=progress.batches,
            done_before=-1 if progress.started is None else progress.started[3],
        )
tasks = Path("/proc/self/task")
names = [(task / "comm").read_text() for task in tasks.iterdir()] if tasks.exists() else []
(Path(sys.argv[1]) / f"threads-{{workers.rank}}").write_text("".join(names))
"""


def start(folder, stop=0):
    folder.mkdir(exist_ok=True)
    script = folder / "script.py"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parent)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What torchrun sets; it would import torch once more only to start two processes.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
    }
    with (folder / "stderr").open("w") as stderr:
        processes = [
            subprocess.Popen(
                [sys.executable, str(script), str(folder), str(stop)],
                env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                stderr=stderr,
            )
            for rank in range(2)
        ]
    while None in [process.poll() for process in processes]:
        if any(process.returncode for process in processes):
            for process in processes:
                process.kill()
        time.sleep(0.01)
    said = (folder / "stderr").read_text()
    return [process.returncode for process in processes], said


def results(folder):
    found = []
    for rank in range(2):
        with np.load(folder / f"worker-{rank}.npz") as arrays:
            found.append(dict(arrays))
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return train(tmp_path_factory.mktemp("alone"))


def test_two_workers_train_what_one_trains_and_go_on_where_a_lost_one_left_them(tmp_path, alone):
    codes, _ = start(tmp_path / "two", stop=11)
    assert 0 not in codes
    codes, said = start(tmp_path / "two")
    assert codes == [0, 0], said
    first, second = results(tmp_path / "two")
    assert first["done_before"] > 0 > second["done_before"]
    assert first["batches_told_of"] > 0 == second["batches_told_of"]
    for rank in range(2):
        assert "gloo" not in (tmp_path / "two" / f"threads-{rank}").read_text()
    for name in ("encoder", "directions", "curve"):
        assert np.array_equal(first[name], second[name])
    np.testing.assert_allclose(first["directions"], alone.weights.directions, atol=2e-4)
    np.testing.assert_allclose(first["encoder"], alone.weights.encoder, atol=2e-4)
    expected = [entry["held_out_nmse"] for entry in alone.metrics["curve"]]
    np.testing.assert_allclose(first["curve"], expected, rtol=1e-3)


def test_without_torchrun_one_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_workers("cpu") as workers:
        assert (workers.rank, workers.count, workers.first) == (0, 1, True)
        assert workers.agree("itself") == "itself"
