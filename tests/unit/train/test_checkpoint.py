import pytest
import torch

from saetui.train.loop import CheckpointFile


@pytest.fixture
def checkpoint():
    return {"weight": torch.randn(3, 2)}, {"epoch": 2, "nmse": 0.1 + 0.2, "none": None}


def test_what_is_written_is_read(tmp_path, checkpoint):
    CheckpointFile(tmp_path / "new", "one", 0).write(*checkpoint)
    found = CheckpointFile(tmp_path / "new", "one", 0).read()
    assert torch.equal(found[0]["weight"], checkpoint[0]["weight"])
    assert found[1] == checkpoint[1]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["training.safetensors"]


def test_a_checkpoint_read_survives_its_replacement(tmp_path, checkpoint):
    file = CheckpointFile(tmp_path, "one", 0)
    file.write(*checkpoint)
    found = file.read()
    file.write({"weight": torch.zeros(3, 2)}, {})
    assert torch.equal(found[0]["weight"], checkpoint[0]["weight"])


def test_a_checkpoint_of_another_training_is_not_read(tmp_path, checkpoint):
    CheckpointFile(tmp_path, "one", 0).write(*checkpoint)
    assert CheckpointFile(tmp_path, "two", 0).read() is None


@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_a_damaged_checkpoint_is_not_read(tmp_path, checkpoint, keep):
    file = CheckpointFile(tmp_path, "one", 0)
    file.write(*checkpoint)
    file.path.write_bytes(file.path.read_bytes()[:keep])
    assert file.read() is None


def test_no_checkpoint_is_no_error(tmp_path):
    assert CheckpointFile(tmp_path / "missing", "one", 0).read() is None


def test_checkpoints_are_due_by_time_and_take_a_small_share_of_it(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    file = CheckpointFile(tmp_path, "one", 20)
    now[0] += 6
    assert (file.due(), file.due(0.25)) == (False, True)
    now[0] += 15
    assert file.due()
    file._cost, file._last = 3.0, now[0]
    now[0] += 50
    assert not file.due()
    now[0] += 11
    assert file.due()
    assert CheckpointFile(tmp_path, "one", 0).due()
