import math

import numpy as np
import pytest

from saetui.embed.minilm_numpy import NumpyForward, _gelu, map_tensors
from saetui.embed.minilm_torch import _processor_flags, bulk_device, bulk_dtype

LENGTHS = [2, 3, 17, 17, 64, 256]


@pytest.fixture(scope="module")
def tensors(minilm_folder):
    return map_tensors(minilm_folder / "model.safetensors")


@pytest.fixture(scope="module")
def token_ids():
    random = np.random.default_rng(0)
    return [random.integers(1000, 30_000, length).tolist() for length in LENGTHS]


def test_mapped_tensors_are_those_of_the_reference_reader(tensors, minilm_folder):
    library = pytest.importorskip("safetensors.numpy")
    wanted = library.load_file(minilm_folder / "model.safetensors")
    floats = {name for name, tensor in wanted.items() if tensor.dtype == np.float32}
    assert set(tensors) == floats
    for name in floats:
        np.testing.assert_array_equal(tensors[name], wanted[name])
        assert not tensors[name].flags.writeable


def test_gelu_is_exact_to_float32():
    x = np.linspace(-12, 12, 20_001, dtype=np.float32)
    wanted = np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()])
    np.testing.assert_allclose(_gelu(x[:, None])[:, 0], wanted, atol=3e-6)
    near = np.abs(x) < 3
    np.testing.assert_allclose(_gelu(x[near, None])[:, 0], wanted[near], atol=5e-7)


def test_torch_in_float32_gives_the_vectors_of_numpy(tensors, token_ids):
    import torch

    from saetui.embed.minilm_torch import TorchForward

    numpy_forward = NumpyForward(tensors)
    alone = np.concatenate([numpy_forward([ids]) for ids in token_ids])
    np.testing.assert_allclose(numpy_forward(token_ids), alone, atol=1e-6)
    finished = []
    forward = TorchForward(tensors, torch.device("cpu"), torch.float32)
    together = forward(token_ids, finished.append)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert sum(finished) == len(token_ids)


def test_bfloat16_stays_close(tensors, token_ids):
    import torch

    from saetui.embed.minilm_torch import TorchForward

    exact = TorchForward(tensors, torch.device("cpu"), torch.float32)(token_ids)
    halved = TorchForward(tensors, torch.device("cpu"), torch.bfloat16)(token_ids)
    cosines = (exact * halved).sum(axis=1)
    assert cosines.min() > 0.9999
    assert np.abs(exact - halved).max() > 1e-6, "bfloat16 was not used"


def test_processor_flags(tmp_path):
    x86 = tmp_path / "x86"
    x86.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16 amx_bf16\n\nprocessor\t: 1\n")
    assert _processor_flags(x86) == {"fpu", "avx512_bf16", "amx_bf16"}
    arm = tmp_path / "arm"
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd bf16\n")
    assert "bf16" in _processor_flags(arm)
    assert _processor_flags(tmp_path / "absent") == set()


def test_bulk_precision_is_one_of_two():
    import torch

    assert bulk_dtype(bulk_device()) in (torch.float32, torch.bfloat16)
