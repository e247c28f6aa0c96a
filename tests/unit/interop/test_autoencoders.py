"""SAEs of other libraries are read from the keys that these document, and give the same codes."""

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from saetui.core.codec import Codes, SaeWeights, decoded, encode
from saetui.errors import InputError
from saetui.interop.autoencoder import write_saelens, write_sparsify
from saetui.interop.sae_readers import files_of, read_autoencoder

N, D, K, ROWS = 40, 12, 5, 30
Matrix = np.ndarray
random = np.random.default_rng(0)


def drawn(*shape: int, scale: float = 1.0) -> Matrix:
    return (scale * random.standard_normal(shape)).astype(np.float32)


# Directions of several lengths: which are the largest then depends on how they are compared.
DECODER = drawn(N, D) * random.uniform(0.2, 0.6, (N, 1)).astype(np.float32)
ENCODER = DECODER + drawn(N, D, scale=0.1)
ENCODER_BIAS, BIAS = drawn(N, scale=0.05), drawn(D, scale=0.1)
THRESHOLD = np.abs(drawn(N, scale=0.3))
GATE, MAGNITUDE, R_MAG = drawn(N, scale=0.1) - 0.1, drawn(N, scale=0.1), drawn(N, scale=0.3)
X = drawn(ROWS, D) + 0.3
X /= np.linalg.norm(X, axis=1, keepdims=True)
NORMS = np.linalg.norm(DECODER, axis=1)


def top(a: Matrix, by: Matrix) -> Matrix:
    """The largest by some numbers; what is below zero counts as zero."""
    kept = np.zeros_like(a)
    for row, ranked in enumerate(by):
        largest = np.argsort(-ranked)[:K]
        kept[row, largest] = np.maximum(a[row, largest], 0)
    return kept


def relu(a: Matrix) -> Matrix:
    return np.maximum(a, 0)


def layer_normalised(x: Matrix) -> Matrix:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / (centred.std(axis=1, ddof=1, keepdims=True) + 1e-5)


def plain(x: Matrix = X, bias: Matrix | float = BIAS) -> Matrix:
    return (x - bias) @ ENCODER.T + ENCODER_BIAS


MATRICES = {"W_enc": ENCODER.T, "W_dec": DECODER, "b_enc": ENCODER_BIAS, "b_dec": BIAS}
LINEAR = {"encoder.weight": ENCODER, "encoder.bias": ENCODER_BIAS}
V6 = {"d_in": D, "d_sae": N, "metadata": {"sae_lens_version": "6.5.0"}}
GATED = {"b_gate": GATE, "b_mag": MAGNITUDE, "r_mag": R_MAG}


def gated_codes() -> Matrix:
    h = (X - BIAS) @ ENCODER.T
    return np.where(h + GATE > 0, relu(np.exp(R_MAG) * h + MAGNITUDE), 0)


def without(tensors: Mapping[str, Matrix], name: str) -> dict[str, Matrix]:
    return {key: value for key, value in tensors.items() if key != name}


def as_torch(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
        for name, value in tensors.items()
    }


def saelens(
    settings: Mapping[str, Any],
    tensors: Mapping[str, Matrix] = MATRICES,
    dtype: torch.dtype = torch.float32,
) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "cfg.json").write_text(json.dumps({**V6, **settings}))
        stored = {k: v.to(dtype).contiguous() for k, v in as_torch(tensors).items()}
        save_file(stored, folder / "sae_weights.safetensors")
        return folder

    return write


def sparsify(settings: Mapping[str, Any]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "cfg.json").write_text(json.dumps({"d_in": D, "k": K, **settings}))
        tensors = as_torch({**LINEAR, "W_dec": DECODER, "b_dec": BIAS})
        save_file(tensors, folder / "sae.safetensors")
        return folder

    return write


def dictionary(kind: str, tensors: Mapping[str, Any]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        trainer = {"dict_class": kind, "k": K, "activation_dim": D, "dict_size": N}
        (folder / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {}}))
        torch.save(as_torch(tensors), folder / "ae.pt")
        return folder

    return write


def one_file(name: str, content: Mapping[str, Any]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        torch.save(as_torch(content), folder / name)
        return folder / name

    return write


OPENAI = {
    "encoder.weight": ENCODER,
    "decoder.weight": DECODER.T,
    "pre_bias": BIAS,
    "latent_bias": ENCODER_BIAS,
}
HYPOTHESAES = {
    "encoder.weight": ENCODER,
    "decoder.weight": DECODER.T,
    "input_bias": BIAS,
    "neuron_bias": ENCODER_BIAS,
    "threshold": np.array(0.2, np.float32),
}
DICTIONARY_TOPK = {
    **LINEAR, "decoder.weight": DECODER.T, "b_dec": BIAS,
    "k": np.array(K), "threshold": np.array(0.2, np.float32),
}  # fmt: skip
ONE_THRESHOLD = np.where(plain() > 0.2, plain(), 0)
SQRT = np.float32(np.sqrt(D))

CASES: dict[str, tuple[Callable[[Path], Path], Matrix, float]] = {
    "SAELens standard": (saelens({"architecture": "standard"}), relu(plain()), 1),
    "SAELens standard without b_dec at the input": (
        saelens({"architecture": "standard", "apply_b_dec_to_input": False}),
        relu(plain(bias=0.0)),
        1,
    ),
    "SAELens topk": (saelens({"architecture": "topk", "k": K}), top(plain(), plain()), 1),
    "SAELens topk by scaled activations": (
        # Its activations are multiplied by the norms already.
        saelens({"architecture": "topk", "k": K, "rescale_acts_by_decoder_norm": True}),
        top(plain(), plain() * NORMS),
        1,
    ),
    "SAELens topk from before version 6": (
        saelens(
            {
                "architecture": "standard",
                "activation_fn_str": "topk",
                "activation_fn_kwargs": {"k": K},
                "normalize_activations": False,
                "metadata": None,
            }
        ),
        top(plain(), plain()),
        1,
    ),
    "SAELens jumprelu": (
        saelens({"architecture": "jumprelu"}, {**MATRICES, "threshold": THRESHOLD}),
        np.where(plain() > THRESHOLD, relu(plain()), 0),
        1,
    ),
    "SAELens jumprelu with logarithms": (
        saelens({"architecture": "jumprelu"}, {**MATRICES, "log_threshold": np.log(THRESHOLD)}),
        np.where(plain() > THRESHOLD, relu(plain()), 0),
        1,
    ),
    "SAELens matryoshka in training": (
        saelens(
            {
                "architecture": "matryoshka_batchtopk",
                "k": K,
                "rescale_acts_by_decoder_norm": True,
            },
            {**MATRICES, "topk_threshold": np.array(0.2, np.float32)},
        ),
        np.where(plain() * NORMS > 0.2, plain(), 0),
        1,
    ),
    "SAELens gated": (
        saelens({"architecture": "gated"}, {**without(MATRICES, "b_enc"), **GATED}),
        gated_codes(),
        1,
    ),
    "SAELens with the length sqrt(d)": (
        saelens(
            {
                "architecture": "topk",
                "k": K,
                "normalize_activations": "constant_norm_rescale",
            }
        ),
        top(plain(X * SQRT), plain(X * SQRT)),
        1 / SQRT,
    ),
    "SAELens with layer normalisation": (
        saelens(
            {"architecture": "jumprelu", "normalize_activations": "layer_norm"},
            {**MATRICES, "threshold": THRESHOLD},
        ),
        np.where(plain(layer_normalised(X)) > THRESHOLD, relu(plain(layer_normalised(X))), 0),
        1 / np.sqrt(D - 1),
    ),
    "sparsify": (
        sparsify({"activation": "topk", "num_latents": N, "expansion_factor": 32}),
        top(plain(), plain()),
        1,
    ),
    "latent-sae": (
        sparsify({"expansion_factor": 3, "normalize_decoder": True, "multi_topk": False}),
        top(plain(), plain()),
        1,
    ),
    "AutoEncoder": (
        dictionary("AutoEncoder", {**LINEAR, "decoder.weight": DECODER.T, "bias": BIAS}),
        relu(plain()),
        1,
    ),
    "AutoEncoderNew": (
        dictionary(
            "AutoEncoderNew", {**LINEAR, "decoder.weight": DECODER.T, "decoder.bias": BIAS}
        ),
        relu(plain(bias=0.0)),
        1,
    ),
    "AutoEncoderTopK": (dictionary("AutoEncoderTopK", DICTIONARY_TOPK), top(plain(), plain()), 1),
    "BatchTopKSAE": (dictionary("BatchTopKSAE", DICTIONARY_TOPK), ONE_THRESHOLD, 1),
    "MatryoshkaBatchTopKSAE": (
        dictionary(
            "MatryoshkaBatchTopKSAE",
            {**MATRICES, "threshold": np.array(0.2, np.float32), "group_sizes": np.array([8, 32])},
        ),
        ONE_THRESHOLD,
        1,
    ),
    "JumpReluAutoEncoder": (
        dictionary("JumpReluAutoEncoder", {**MATRICES, "threshold": THRESHOLD}),
        np.where(plain(bias=0.0) > THRESHOLD, relu(plain(bias=0.0)), 0),
        1,
    ),
    "GatedAutoEncoder": (
        dictionary(
            "GatedAutoEncoder",
            {
                "encoder.weight": ENCODER,
                "decoder.weight": DECODER.T,
                "decoder_bias": BIAS,
                "r_mag": R_MAG,
                "gate_bias": GATE,
                "mag_bias": MAGNITUDE,
            },
        ),
        gated_codes(),
        1,
    ),
    "HypotheSAEs": (
        one_file(
            "sae.pt", {"config": {"k_active_neurons": K}, "state_dict": as_torch(HYPOTHESAES)}
        ),
        top(plain(), plain()),
        1,
    ),
    "HypotheSAEs with batch topk": (
        one_file(
            "sae.pt",
            {
                "config": {"k_active_neurons": K, "use_batch_topk": True},
                "state_dict": as_torch(HYPOTHESAES),
            },
        ),
        ONE_THRESHOLD,
        1,
    ),
    "OpenAI topk": (
        one_file(
            "autoencoder.pt",
            {
                **OPENAI,
                "activation": "TopK",
                "activation_state_dict": {"k": K, "postact_fn": "ReLU"},
            },
        ),
        top(plain(layer_normalised(X)), plain(layer_normalised(X))),
        1 / np.sqrt(D - 1),
    ),
    "OpenAI relu, tied": (
        one_file(
            "autoencoder.pt",
            {
                **without(OPENAI, "decoder.weight"),
                "encoder.weight": DECODER,
                "decoder.linear.weight": DECODER,
                "activation": "ReLU",
            },
        ),
        relu((X - BIAS) @ DECODER.T + ENCODER_BIAS),
        1,
    ),
    "saerch": (one_file(f"{K}_{N}_8_auxk_epoch_50.pth", OPENAI), top(plain(), plain()), 1),
}  # fmt: skip


def dense(codes: Codes) -> Matrix:
    z = np.zeros((len(codes.indices), codes.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    z[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return z


@pytest.mark.parametrize("case", CASES)
def test_codes_are_those_of_the_library(case: str, tmp_path: Path) -> None:
    write, theirs, unprepared = CASES[case]
    path = write(tmp_path)
    found = read_autoencoder(path)
    weights = found.weights(N)
    np.testing.assert_allclose(found.scale, NORMS * unprepared, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(weights.directions, axis=1), np.ones(N), rtol=1e-5)
    parts = theirs * NORMS * unprepared
    assert (parts > 0).sum() > ROWS
    np.testing.assert_allclose(dense(encode(weights, X)), parts, atol=1e-5)
    assert set(files_of(path)) == {each for each in tmp_path.iterdir() if each.is_file()}


@pytest.mark.parametrize(
    ("case", "prepared"),
    [("SAELens topk", X), ("SAELens with the length sqrt(d)", X * SQRT), ("BatchTopKSAE", X)],
)
def test_reconstructions_are_those_of_the_library(
    case: str, prepared: Matrix, tmp_path: Path
) -> None:
    write, theirs, unprepared = CASES[case]
    weights = read_autoencoder(write(tmp_path)).weights(N)
    found = decoded(weights, encode(weights, X)) + weights.bias
    np.testing.assert_allclose(found, (theirs @ DECODER + BIAS) * unprepared, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_type_of_number_is_read(dtype: torch.dtype, tmp_path: Path) -> None:
    write = saelens({"architecture": "topk", "k": K}, dtype=dtype)
    found = read_autoencoder(write(tmp_path))
    np.testing.assert_allclose(found.encoder, ENCODER, atol=0.01)
    assert found.encoder.dtype == np.float32


@pytest.mark.parametrize("case", CASES)
def test_what_is_written_for_saelens_gives_the_same_codes(case: str, tmp_path: Path) -> None:
    write, _, _ = CASES[case]
    weights = read_autoencoder(write(tmp_path)).weights(N)
    write_saelens(tmp_path / "out", weights, {"embedder": "minilm"})
    again = read_autoencoder(tmp_path / "out")
    assert again.embedder == "minilm"
    found = again.weights(N)
    np.testing.assert_allclose(dense(encode(found, X)), dense(encode(weights, X)), atol=1e-5)


def test_what_is_written_for_sparsify_gives_the_same_codes(tmp_path: Path) -> None:
    weights = read_autoencoder(CASES["sparsify"][0](tmp_path)).weights(N)
    assert weights.selection is not None
    write_sparsify(tmp_path / "out", weights)
    found = read_autoencoder(tmp_path / "out").weights(N)
    np.testing.assert_allclose(dense(encode(found, X)), dense(encode(weights, X)), atol=1e-5)
    with_threshold = read_autoencoder(CASES["SAELens jumprelu"][0](tmp_path)).weights(N)
    with pytest.raises(InputError, match="threshold"):
        write_sparsify(tmp_path / "other", with_threshold)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (saelens({"architecture": "matching_pursuit"}), "of the kind 'matching_pursuit'"),
        (saelens({"normalize_activations": "whitened"}), "prepares embeddings by 'whitened'"),
        (saelens({"architecture": "topk"}), "does not say what k is"),
        (saelens({}, {**MATRICES, "W_enc": ENCODER}), "W_enc is transposed: it is 40 x 12"),
        (saelens({}, without(MATRICES, "b_enc")), "lacks the tensor b_enc"),
        (saelens({}, {**MATRICES, "b_dec": BIAS * np.nan}), "b_dec holds values that are not"),
        (saelens({"d_in": D + 1}), "W_enc is 12 x 40, and 13 x 40 belongs"),
        (sparsify({"transcode": True}), "describes a transcoder"),
        (sparsify({"sae_type": "LISTA"}), "has the activation function 'lista'"),
        (sparsify({"signed": True}), "lets activations be negative"),
        (sparsify({"activation": "groupmax"}), "activation function 'groupmax'"),
        (dictionary("IdentityDict", {}), "of the class 'IdentityDict'"),
        (one_file("64.pth", OPENAI), "how many features are active"),
        (one_file(f"{K}_{N + 1}_8.pth", OPENAI), "40 features, but its name says n = 41"),
        (one_file("a.pt", {"activation": "Tanh", **OPENAI}), "activation function 'Tanh'"),
        (one_file("a.pt", LINEAR), "no autoencoder that is known"),
        (one_file("a.pt", {**OPENAI, "step": torch.Size([3])}), "only tensors are allowed"),
    ],
)
def test_what_cannot_be_read_is_said(
    write: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        read_autoencoder(write(tmp_path))


class Opens:
    def __reduce__(self) -> Any:
        return open, ("/tmp/never-made-by-a-pickle", "w")


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    with (tmp_path / "ae.pt").open("wb") as file:
        pickle.dump({"encoder.weight": Opens()}, file)
    with pytest.raises(InputError, match="was refused"):
        read_autoencoder(tmp_path)
    assert not Path("/tmp/never-made-by-a-pickle").exists()


def test_several_autoencoders_are_named(tmp_path: Path) -> None:
    for name in ("64_32", "128_32"):
        (tmp_path / name).mkdir()
        sparsify({})(tmp_path / name)
    with pytest.raises(InputError, match="holds 2 autoencoders: 128_32, 64_32"):
        read_autoencoder(tmp_path)
    assert read_autoencoder(tmp_path / "64_32").n == N
    assert read_autoencoder(tmp_path / "64_32" / "sae.safetensors").n == N
    with pytest.raises(InputError, match="There is no file or folder"):
        read_autoencoder(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no autoencoder"):
        read_autoencoder(tmp_path / "empty")


def test_a_square_decoder_that_is_transposed_is_noticed(tmp_path: Path) -> None:
    square = drawn(D, D)
    rows = square / np.linalg.norm(square, axis=1, keepdims=True)
    tensors = {"W_enc": rows.T, "b_enc": BIAS, "b_dec": BIAS}
    settings = {"architecture": "topk", "k": 2, "d_sae": D}
    found = read_autoencoder(saelens(settings, {**tensors, "W_dec": rows.T})(tmp_path))
    with pytest.raises(InputError, match="decoder is transposed"):
        found.weights(2)
    right = read_autoencoder(saelens(settings, {**tensors, "W_dec": rows})(tmp_path))
    assert isinstance(right.weights(2), SaeWeights)
