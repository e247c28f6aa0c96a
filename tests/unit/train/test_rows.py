import mmap
import subprocess
import sys
from itertools import chain, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.errors import BuildError
from saetui.train.options import ALONE, Workers
from saetui.train.rows import CheckedVectors, TrainingRows

PLENTY = 1 << 30


def numbered(count, d=3, dtype=np.float32):
    """Vectors whose first number is their row."""
    vectors = np.zeros((count, d), dtype=dtype)
    vectors[:, 0] = np.arange(count)
    return CheckedVectors.of(vectors)


def seen(rows, epoch, size, first=0):
    return [batch.rows[:, 0].int().tolist() for batch in rows.batches(epoch, size, first)]


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 60),
    held_out=st.sampled_from([0.0, 0.1, 0.5]),
    size=st.integers(1, 70),
    shards=st.one_of(st.none(), st.integers(1, 4)),
    first=st.integers(0, 5),
)
def test_an_epoch_has_every_training_row_once_and_continues_anywhere(
    count, held_out, size, shards, first
):
    memory = PLENTY if shards is None else shards * 4 * 12 * 2
    rows = TrainingRows(numbered(count), held_out, 0, memory, shard_rows=4)
    whole = seen(rows, 1, size)
    assert sorted(chain.from_iterable(whole)) == sorted(set(range(count)) - set(rows.held_out_rows))
    assert all(1 <= len(batch) <= size for batch in whole)
    assert seen(rows, 1, size, first) == whole[first:]
    assert sum(map(len, whole)) == rows.count


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return seen(TrainingRows(numbered(50), 0.1, seed, PLENTY), epoch, 8)

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_streamed_rows_are_shuffled_across_shards():
    rows = TrainingRows(numbered(400), 0.0, 0, memory_bytes=10 * 2 * 4 * 12, shard_rows=4)
    batches = seen(rows, 0, 8)
    jumps = [abs(a - b) for batch in batches for a, b in pairwise(batch)]
    assert np.mean(jumps) > 50


def test_batches_are_of_nearly_equal_size():
    rows = TrainingRows(numbered(101), 0.0, 0, PLENTY)
    assert {len(batch) for batch in seen(rows, 0, 50)} == {33, 34}


@pytest.mark.parametrize(("count", "expected"), [(1, 0), (2, 0), (19, 0), (20, 2), (1000, 100)])
def test_held_out_rows_need_to_be_two_at_least(count, expected):
    rows = TrainingRows(numbered(count), 0.1, 0, PLENTY)
    assert len(rows.held_out_rows) == len(rows.held_out()) == expected
    assert rows.held_out()[:, 0].tolist() == rows.held_out_rows.tolist()


def test_held_out_rows_follow_the_seed():
    first, again, other = (
        TrainingRows(numbered(500), 0.1, seed, PLENTY).held_out_rows.tolist() for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize("memory", [PLENTY, 200])
def test_a_sample_is_of_distinct_training_rows(memory):
    rows = TrainingRows(numbered(100), 0.1, 0, memory, shard_rows=4)
    sample = rows.sample(30)[:, 0].int().tolist()
    assert len(set(sample)) == 30
    assert not set(sample) & set(rows.held_out_rows.tolist())
    assert sample != sorted(sample)
    assert torch.equal(rows.sample(30), rows.sample(30))
    assert len(rows.sample(1_000)) == rows.count


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_float_becomes_float32(dtype):
    rows = TrainingRows(numbered(5, dtype=dtype), 0.0, 0, PLENTY)
    ((_, batch),) = rows.batches(0, 10)
    assert batch.dtype == torch.float32
    assert sorted(batch[:, 0].tolist()) == [0, 1, 2, 3, 4]


def test_a_memory_map_is_read(tmp_path):
    np.save(tmp_path / "vectors.npy", np.arange(20, dtype=np.float16).reshape(10, 2))
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    rows = TrainingRows(CheckedVectors.of(mapped), 0.0, 0, memory_bytes=1)
    assert sorted(torch.cat([batch.rows for batch in rows.batches(0, 3)])[:, 0].tolist()) == list(
        range(0, 20, 2)
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_row_that_is_not_finite_is_named(bad):
    vectors = np.ones((10, 2), dtype=np.float32)
    vectors[7, 1] = vectors[9, 0] = bad
    with pytest.raises(BuildError, match=r"Row 7 .* NaN or infinity"):
        CheckedVectors.of(vectors, block_bytes=3 * 4 * 2)


@pytest.mark.parametrize(
    "vectors", [np.ones(3), np.ones((2, 2), dtype=int), [["a"]], np.ones((2, 2, 2))]
)
def test_what_is_no_matrix_of_floats_is_refused(vectors):
    with pytest.raises(BuildError, match="matrix of floating-point numbers"):
        CheckedVectors.of(vectors)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nothing_to_train_on_is_said(shape):
    with pytest.raises(BuildError, match="no vectors to train on"):
        CheckedVectors.of(np.ones(shape, dtype=np.float32))


def test_the_fingerprint_sees_every_number():
    vectors = np.ones((6, 2), dtype=np.float32)
    changed = vectors.copy()
    changed[5, 1] = 2
    prints = [
        CheckedVectors.of(v, block_bytes=8).fingerprint for v in (vectors, vectors.copy(), changed)
    ]
    assert prints[0] == prints[1] != prints[2]
    assert CheckedVectors.of(vectors).fingerprint == prints[0]
    assert CheckedVectors.of(vectors.reshape(4, 3)).fingerprint != prints[0]


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(6, 60),
    size=st.integers(3, 30),
    streamed=st.booleans(),
    workers=st.integers(2, 3),
    first=st.integers(0, 3),
)
def test_workers_share_the_batches_of_one(count, size, streamed, workers, first):
    memory = 4 * 12 * 2 if streamed else PLENTY

    def batches(of: Workers):
        rows = TrainingRows(numbered(count), 0.1, 0, memory, of, shard_rows=4)
        return list(rows.batches(2, size, first))

    shares = [batches(Workers(rank, workers)) for rank in range(workers)]
    for whole, *parts in zip(batches(ALONE), *shares, strict=True):
        assert {part.size for part in parts} == {whole.size} == {len(whole.rows)}
        together = torch.cat([part.rows for part in parts])
        assert sorted(together.tolist()) == sorted(whole.rows.tolist())


def test_more_workers_than_rows_are_refused():
    with pytest.raises(BuildError, match="2 training rows cannot be shared by 3 workers"):
        TrainingRows(numbered(2), 0.0, 0, PLENTY, Workers(0, 3))


@pytest.mark.skipif(not hasattr(mmap.mmap, "madvise"), reason="this system cannot forget pages")
def test_a_streamed_file_does_not_stay_in_memory(tmp_path):
    path = tmp_path / "vectors.npy"
    np.save(path, np.zeros((60_000, 256), dtype=np.float16))
    script = f"""
import numpy as np, re
from pathlib import Path
from saetui.train.options import Workers
from saetui.train.rows import CheckedVectors, TrainingRows
def mapped():
    text = Path("/proc/self/smaps").read_text()
    return sum(
        int(re.search(r"Rss: +(\\d+)", part)[1])
        for part in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", text)
        if {str(path)!r} in part
    )
vectors = np.load({str(path)!r}, mmap_mode="r")
vectors.sum()
before = mapped()
rows = TrainingRows(CheckedVectors.of(vectors), 0.1, 0, 4 << 20)
for batch in rows.batches(0, 1_000):
    pass
print(before, mapped())
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    before, after = map(int, result.stdout.split())
    assert before > 28_000
    assert after < 4_000
