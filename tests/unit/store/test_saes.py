"""Weights lie as SAELens reads them; weights and codes come back as they were written."""

import json
import random
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import save_codes
from safetensors.numpy import load_file, save_file

from saetui.core.codec import SaeWeights, build_postings, encode
from saetui.errors import BundleDamaged
from saetui.store import atomic
from saetui.store.arrays import save_array
from saetui.store.saes import (
    CODES,
    CONFIGURATION,
    POSTINGS,
    WEIGHTS,
    load_codes,
    load_postings,
    load_weights,
    read_map,
    save_weights,
)

N, D, K, DOCUMENTS = 12, 5, 3, 20


@pytest.fixture
def weights() -> SaeWeights:
    chance = np.random.default_rng(0)

    def drawn(*shape: int) -> np.ndarray:
        return chance.standard_normal(shape).astype(np.float32)

    return SaeWeights(drawn(N, D), drawn(N), drawn(N, D), drawn(D), K)


@pytest.fixture
def folder(tmp_path: Path, weights: SaeWeights) -> Path:
    save_weights(tmp_path, weights, {"seed": 3})
    x = np.random.default_rng(1).standard_normal((DOCUMENTS, D)).astype(np.float32)
    codes = encode(weights, x)
    save_codes(tmp_path, codes, build_postings(codes))
    return tmp_path


def test_weights_come_back_as_they_were_written(folder: Path, weights: SaeWeights) -> None:
    read = load_weights(folder)
    for name in ("encoder", "encoder_bias", "directions", "bias"):
        assert np.array_equal(getattr(read, name), getattr(weights, name))
    assert (read.n, read.d, read.k) == (N, D, K)
    # Rows that lie otherwise in memory may be summed in another order.
    assert np.allclose(read.offset, weights.offset, rtol=1e-5, atol=1e-6)


def test_the_layout_is_that_of_saelens(folder: Path, weights: SaeWeights) -> None:
    tensors = load_file(folder / "sae_weights.safetensors")
    assert {name: (tensor.shape, tensor.dtype.name) for name, tensor in tensors.items()} == {
        "W_enc": ((D, N), "float32"),
        "W_dec": ((N, D), "float32"),
        "b_enc": ((N,), "float32"),
        "b_dec": ((D,), "float32"),
    }
    assert np.array_equal(tensors["W_enc"], weights.encoder.T)
    assert np.array_equal(tensors["W_dec"], weights.directions)
    configuration = json.loads((folder / "cfg.json").read_text())
    assert configuration == {
        "architecture": "topk",
        "d_in": D,
        "d_sae": N,
        "k": K,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "rescale_acts_by_decoder_norm": False,
        "metadata": {"sae_lens_version": "6.0.0", "seed": 3},
    }


def test_weights_may_be_read_by_whom_the_rest_may(folder: Path) -> None:
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in (folder / WEIGHTS, folder / CONFIGURATION)
    }
    assert len(modes) == 1


def test_weights_are_always_the_same_file(
    folder: Path, weights: SaeWeights, tmp_path: Path
) -> None:
    save_weights(tmp_path / "again", weights, {"seed": 3})
    for name in (WEIGHTS, CONFIGURATION):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_everything_that_an_sae_may_have_comes_back(tmp_path: Path, weights: SaeWeights) -> None:
    each = np.linspace(0, 1, N, dtype=np.float32)
    kinds: dict[str, dict[str, Any]] = {
        "jumprelu": {"threshold": each},
        "relu": {"threshold": 0 * each},
        "one threshold": {"threshold": 0.5},
        "chosen otherwise": {"selection": 1 + each},
        "extended": {"added": 4, "added_k": 2},
        "layer norm": {"layer_norm": True},
    }
    x = np.random.default_rng(1).standard_normal((DOCUMENTS, D)).astype(np.float32)
    for kind, changes in kinds.items():
        changed = replace(weights, **changes)
        save_weights(tmp_path, changed, {})
        read = load_weights(tmp_path)
        assert np.array_equal(read.threshold, changed.threshold), kind
        assert read.has_threshold == changed.has_threshold
        assert (read.added, read.added_k) == (changed.added, changed.added_k)
        assert np.allclose(encode(read, x).values, encode(changed, x).values, atol=1e-5)
        assert not np.array_equal(encode(read, x).values, encode(weights, x).values)
        architecture = json.loads((tmp_path / CONFIGURATION).read_text())["architecture"]
        expected = "jumprelu" if changed.has_threshold else "saetui"
        assert architecture == expected, kind


@pytest.mark.parametrize(
    "own",
    [3, {"added": N}, {"added": 2, "added_k": 3}, {"added": 2}, {"added_k": K}, {"layer_norm": 1}],
)
def test_settings_of_its_own_that_cannot_be_are_refused(folder: Path, own: Any) -> None:
    configuration = json.loads((folder / CONFIGURATION).read_text())
    (folder / CONFIGURATION).write_text(json.dumps({**configuration, "saetui": own}))
    with pytest.raises(BundleDamaged, match=r"cfg\.json does not say which features were added"):
        load_weights(folder)


def test_codes_come_back_as_they_were_written(folder: Path, weights: SaeWeights) -> None:
    x = np.random.default_rng(1).standard_normal((DOCUMENTS, D)).astype(np.float32)
    codes, postings = load_codes(folder, DOCUMENTS, N, K), load_postings(folder, N)
    expected = encode(weights, x)
    assert np.array_equal(codes.indices, expected.indices)
    assert np.array_equal(codes.values, expected.values)
    assert codes.n == N
    inverted = build_postings(expected)
    for name in ("indptr", "rows", "values"):
        assert np.array_equal(getattr(postings, name), getattr(inverted, name))


@pytest.mark.parametrize("key", ["d_in", "d_sae", "k"])
@pytest.mark.parametrize("value", [None, 0, -1, 2.0, "5", True, [5]])
def test_a_configuration_of_other_sizes_is_refused(folder: Path, key: str, value: Any) -> None:
    configuration = json.loads((folder / CONFIGURATION).read_text())
    configuration[key] = value
    (folder / CONFIGURATION).write_text(json.dumps(configuration))
    with pytest.raises(BundleDamaged, match=rf"cfg\.json does not describe an SAE: {key}"):
        load_weights(folder)


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '{"d_in": 1e999}', "["])
def test_what_is_no_configuration_is_refused(folder: Path, content: str) -> None:
    (folder / CONFIGURATION).write_text(content)
    with pytest.raises(BundleDamaged, match=r"cfg\.json"):
        load_weights(folder)


@pytest.mark.parametrize(
    ("name", "tensor", "complaint"),
    [
        ("W_enc", None, "lacks the tensor W_enc"),
        ("b_dec", np.zeros(D + 1, np.float32), r"b_dec is float32 \(6,\)"),
        ("W_dec", np.zeros((D, N), np.float32), r"W_dec is float32 \(5, 12\)"),
        ("b_enc", np.zeros(N, np.float64), "b_enc is float64"),
        ("W_dec", np.full((N, D), np.nan, np.float32), "W_dec holds values that are not numbers"),
        ("b_enc", np.full(N, np.inf, np.float32), "b_enc holds values that are not numbers"),
    ],
)
def test_other_tensors_are_refused(
    folder: Path, name: str, tensor: np.ndarray | None, complaint: str
) -> None:
    tensors = load_file(folder / WEIGHTS)
    del tensors[name]
    save_file(tensors if tensor is None else {**tensors, name: tensor}, folder / WEIGHTS)
    with pytest.raises(BundleDamaged, match=complaint):
        load_weights(folder)


def test_damaged_weights_are_refused_or_read(folder: Path) -> None:
    whole, chance = (folder / WEIGHTS).read_bytes(), random.Random(0)
    refused = 0
    for _ in range(1_000):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(400)] = chance.randrange(256)
        (folder / WEIGHTS).write_bytes(damaged[: chance.choice([None, len(whole) - 1, 40])])
        try:
            load_weights(folder)
        except BundleDamaged as error:
            assert WEIGHTS in error.message
            refused += 1
    assert refused > 500


def test_types_that_numpy_lacks_are_refused(folder: Path) -> None:
    header = b'{"W_enc":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    (folder / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(BundleDamaged, match=WEIGHTS):
        load_weights(folder)


@pytest.mark.parametrize("wrong", [-2, N, 2**31 - 1])
def test_codes_of_features_that_do_not_exist_are_refused(folder: Path, wrong: int) -> None:
    indices = np.array(load_codes(folder, DOCUMENTS, N, K).indices)
    indices[7, 1] = wrong
    save_array(folder / CODES[0], indices)
    complaint = rf"indices\.npy holds {wrong}, but only -1 to 11"
    with pytest.raises(BundleDamaged, match=complaint):
        load_codes(folder, DOCUMENTS, N, K)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 0.0, -0.5])
def test_codes_that_are_no_numbers_are_refused(folder: Path, wrong: float) -> None:
    values = np.load(folder / CODES[1])
    assert np.load(folder / CODES[0])[7, 1] >= 0
    values[7, 1] = wrong
    save_array(folder / CODES[1], values)
    with pytest.raises(
        BundleDamaged, match=r"values\.npy holds an activation that is not above zero"
    ):
        load_codes(folder, DOCUMENTS, N, K)


def test_a_large_array_is_looked_through_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(atomic, "_WORTH_REMEMBERING", 1)
    looked: list[Path] = []
    monkeypatch.setattr("saetui.store.saes.forget_pages", looked.append)
    for _ in range(3):
        load_codes(folder, DOCUMENTS, N, K)
    assert len(looked) == 3
    with pytest.raises(BundleDamaged, match="but only -1 to 1 belong there"):
        load_codes(folder, DOCUMENTS, 2, K)
    indices = np.load(folder / CODES[0])
    indices[3, 0] = N
    save_array(folder / CODES[0], indices)
    with pytest.raises(BundleDamaged, match=f"holds {N}"):
        load_codes(folder, DOCUMENTS, N, K)


@pytest.mark.parametrize("length", [0, 1 << 20, 1 << 30, 2**64 - 1])
def test_a_header_of_tensors_without_end_is_refused(folder: Path, length: int) -> None:
    path = folder / WEIGHTS
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(BundleDamaged, match=r"sae_weights\.safetensors is cut short or not"):
        load_weights(folder)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_activations_that_cannot_be_are_refused(folder: Path, wrong: float) -> None:
    values = np.array(load_postings(folder, N).values)
    values[4] = wrong
    save_array(folder / POSTINGS[2], values)
    with pytest.raises(BundleDamaged, match=r"activations\.npy"):
        load_postings(folder, N)


@pytest.mark.parametrize(("position", "wrong"), [(0, 1), (3, 10**6), (3, -1), (N, 2**62)])
def test_spans_that_cannot_be_are_refused(folder: Path, position: int, wrong: int) -> None:
    indptr = np.array(load_postings(folder, N).indptr)
    indptr[position] = wrong
    save_array(folder / POSTINGS[0], indptr)
    with pytest.raises(BundleDamaged, match=r"indptr\.npy|rows\.npy"):
        load_postings(folder, N)


@pytest.mark.parametrize("name", [*CODES, *POSTINGS])
def test_missing_and_shorter_arrays_are_refused(folder: Path, name: str) -> None:
    array = np.load(folder / name)
    save_array(folder / name, array[:-1])
    stem = Path(name).name
    with pytest.raises(BundleDamaged, match=stem):
        load_codes(folder, DOCUMENTS, N, K)
        load_postings(folder, N)
    (folder / name).unlink()
    with pytest.raises(BundleDamaged, match=f"{stem} is missing"):
        load_codes(folder, DOCUMENTS, N, K)
        load_postings(folder, N)


@pytest.mark.parametrize("wrong", [-0.1, 1.5, np.nan, np.inf])
def test_a_map_holds_places_on_the_map(tmp_path: Path, wrong: float) -> None:
    places, path = np.zeros((N, 2), dtype=np.float32), tmp_path / "map.npy"
    save_array(path, places)
    assert np.array_equal(read_map(path, N), places)
    with pytest.raises(BundleDamaged, match="map"):
        read_map(path, N + 1)
    places[3, 1] = wrong
    save_array(path, places)
    with pytest.raises(BundleDamaged, match="not on the map"):
        read_map(path, N)
