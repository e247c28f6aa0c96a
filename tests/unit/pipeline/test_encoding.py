"""Codes made through files, shard by shard, are those made in memory."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.codec import Codes, SaeWeights, build_postings, encode, encode_in_blocks
from saetui.core.features import nearest_and_opposed
from saetui.pipeline.encoding import encode_corpus
from saetui.progress import Silent
from saetui.store import saes
from saetui.store.relations import LONGEST, NEAREST, OPPOSED, load_lists

N, D, K = 12, 8, 3
# Two blocks in a shard.
SMALL = {"block": 4, "shard": 8}


def weights(seed: int) -> SaeWeights:
    random = np.random.default_rng(seed)
    directions = random.standard_normal((N, D)).astype(np.float32)
    bias = random.standard_normal(N).astype(np.float32) - 1
    return SaeWeights(directions, bias, directions, np.zeros(D, np.float32), K)


def vectors(count: int, seed: int = 0) -> np.ndarray:
    # Few different ones, so that activations are equal often.
    some = np.random.default_rng(seed).standard_normal((7, D))
    return some[np.random.default_rng(seed + 1).integers(7, size=count)].astype(np.float16)


def assert_same(folder: Path, sae: SaeWeights, x: np.ndarray) -> None:
    # In the same blocks, since where a row stands in a product decides how it is rounded.
    blocks = list(encode_in_blocks(sae, x, 4)) or [encode(sae, x.astype(np.float32))]
    indices, values = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("indices", "values")
    )
    codes = Codes(indices, values, N)
    postings = build_postings(codes)
    found = saes.load_codes(folder, len(x), N, K)
    assert np.array_equal(found.indices, codes.indices)
    assert np.array_equal(found.values, codes.values)
    turned = saes.load_postings(folder, N)
    assert np.array_equal(turned.indptr, postings.indptr)
    assert np.array_equal(turned.rows, postings.rows)
    assert np.array_equal(turned.values, postings.values)
    nearest, opposed = (load_lists(folder, files, N) for files in (NEAREST, OPPOSED))
    assert nearest is not None
    assert opposed is not None
    for feature in range(N):
        for limit in (3, LONGEST):
            for listed, ranked in zip(
                (nearest.of(feature, limit), opposed.of(feature, limit)),
                nearest_and_opposed(sae, feature, limit),
                strict=True,
            ):
                assert listed is not None
                assert [other for other, _ in listed] == [other for other, _ in ranked]
                cosines = [value for _, value in listed]
                assert cosines == pytest.approx([value for _, value in ranked], abs=1e-5)
        assert nearest.of(feature, LONGEST + 1) is None


@given(count=st.integers(0, 60), seed=st.integers(0, 20))
def test_codes_through_files_are_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int
) -> None:
    folder, sae, x = tmp_path_factory.mktemp("sae"), weights(seed), vectors(count, seed)
    encode_corpus(x, sae, *folders(folder), made_from="these", progress=Silent(), **SMALL)
    assert_same(folder / "sae", sae, x)
    assert list((folder / "work").iterdir()) == []


def folders(folder: Path) -> tuple[Path, Path]:
    return folder / "sae", folder / "work"


class Killed(Silent):
    """Progress that ends in a kill after some documents."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.started: list[int] = []

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        self.started.append(done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.left -= amount
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("other", "goes_on_at"), [("these", 16), ("others", 0)])
def test_a_killed_run_goes_on_with_the_next_shard(
    tmp_path: Path, other: str, goes_on_at: int
) -> None:
    sae, x = weights(0), vectors(50)
    with pytest.raises(KeyboardInterrupt):
        encode_corpus(x, sae, *folders(tmp_path), made_from="these", progress=Killed(20), **SMALL)
    assert not (tmp_path / "sae").exists()
    again = Killed(1_000)
    encode_corpus(x, sae, *folders(tmp_path), made_from=other, progress=again, **SMALL)
    assert again.started == [goes_on_at, 0, 0]
    assert_same(tmp_path / "sae", sae, x)


def test_unfinished_codes_of_another_size_are_not_gone_on_with(tmp_path: Path) -> None:
    sae = weights(0)
    with pytest.raises(KeyboardInterrupt):
        encode_corpus(
            vectors(50),
            sae,
            tmp_path / "sae",
            tmp_path / "work",
            made_from="these",
            progress=Killed(20),
            **SMALL,
        )
    again = Killed(1_000)
    encode_corpus(vectors(40), sae, *folders(tmp_path), made_from="these", progress=again, **SMALL)
    assert again.started[0] == 0
    assert_same(tmp_path / "sae", sae, vectors(40))
