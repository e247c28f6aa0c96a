"""The forward pass of all-MiniLM-L6-v2 in numpy, so that few texts need neither torch nor scipy.

Activations are stored feature by token, the transpose of the usual order. For the few tokens of a
query, multiplying a row-major weight by a narrow matrix takes half as long as the other order, and
the weights can be used directly from the mapped file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

LAYERS = 6
HEADS = 12
WIDTH = 384
HEAD_WIDTH = WIDTH // HEADS
LAYER_NORM_EPSILON = 1e-12

# erf(z) = z P(z^2) / Q(z^2) for |z| <= 3.92, where erf is within 3e-8 of 1. A minimax fit with an
# error of at most 5e-8 in exact arithmetic and 5e-7 in float32.
_ERF_LIMIT = 3.92
_ERF_NUMERATOR = (
    1.12837878e00,
    2.06114441e-01,
    5.13972992e-02,
    3.97289842e-03,
    1.48986705e-04,
    -1.99429396e-06,
    1.99213279e-08,
)
_ERF_DENOMINATOR = (1.0, 5.15992933e-01, 1.17564642e-01, 1.48892313e-02, 1.02412480e-03)


def map_tensors(path: Path) -> dict[str, Float]:
    """The float32 tensors of a safetensors file by name, mapped read-only.

    The format is eight bytes of header length, a JSON header, then the tensors in a row.
    """
    raw = np.memmap(path, dtype=np.uint8, mode="r")
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    header = json.loads(raw[8:start].tobytes())
    tensors: dict[str, Float] = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            first, last = entry["data_offsets"]
            flat = np.asarray(raw[start + first : start + last]).view(np.float32)
            tensors[name] = flat.reshape(entry["shape"])
    return tensors


@dataclass(frozen=True)
class _Affine:
    """A weight `(out, in)` and its bias `(out, 1)`; for layer norms the weight is `(in, 1)`."""

    weight: Float
    bias: Float


@dataclass(frozen=True)
class _Layer:
    query: _Affine
    key: _Affine
    value: _Affine
    attended: _Affine
    attention_norm: _Affine
    up: _Affine
    down: _Affine
    output_norm: _Affine


class NumpyForward:
    """The model on a few texts."""

    def __init__(self, tensors: dict[str, Float]) -> None:
        def linear(name: str) -> _Affine:
            return _Affine(tensors[f"{name}.weight"], tensors[f"{name}.bias"][:, None])

        def norm(name: str) -> _Affine:
            return _Affine(tensors[f"{name}.weight"][:, None], tensors[f"{name}.bias"][:, None])

        self._words = tensors["embeddings.word_embeddings.weight"]
        self._positions = tensors["embeddings.position_embeddings.weight"]
        self._token_type = tensors["embeddings.token_type_embeddings.weight"][0]
        self._norm = norm("embeddings.LayerNorm")
        self._layers = [
            _Layer(
                query=linear(f"{layer}.attention.self.query"),
                key=linear(f"{layer}.attention.self.key"),
                value=linear(f"{layer}.attention.self.value"),
                attended=linear(f"{layer}.attention.output.dense"),
                attention_norm=norm(f"{layer}.attention.output.LayerNorm"),
                up=linear(f"{layer}.intermediate.dense"),
                down=linear(f"{layer}.output.dense"),
                output_norm=norm(f"{layer}.output.LayerNorm"),
            )
            for layer in (f"encoder.layer.{number}" for number in range(LAYERS))
        ]

    def __call__(self, texts: Sequence[Sequence[int]]) -> Float:
        """The vectors of some texts.

        The texts stand side by side in the matrix products, without padding, so that the weights
        are read once for all; each attends to itself alone. Sentences take 3/4 of the time that
        they take one by one.

        Args:
            texts: Token ids of each, with the model's opening and closing tokens; at most 512.

        Returns:
            Float32 `(m, 384)` of unit norm: the mean over all tokens, normalised.
        """
        ends = np.cumsum([len(text) for text in texts]).tolist()
        parts = [slice(end - len(text), end) for text, end in zip(texts, ends, strict=True)]
        tokens = np.concatenate([np.asarray(text) for text in texts])
        places = np.concatenate([np.arange(len(text)) for text in texts])
        embedded = self._words[tokens] + self._positions[places] + self._token_type
        hidden = _layer_norm(np.ascontiguousarray(embedded.T), self._norm)
        for layer in self._layers:
            hidden = _layer_norm(_attention(hidden, layer, parts) + hidden, layer.attention_norm)
            expanded = _gelu(_linear(hidden, layer.up))
            hidden = _layer_norm(_linear(expanded, layer.down) + hidden, layer.output_norm)
        means = np.stack([hidden[:, part].mean(axis=1) for part in parts])
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def _linear(hidden: Float, affine: _Affine) -> Float:
    output: Float = affine.weight @ hidden
    output += affine.bias
    return output


def _layer_norm(hidden: Float, affine: _Affine) -> Float:
    """Normalise each column to mean 0 and variance 1 and rescale it; overwrites `hidden`."""
    hidden -= hidden.mean(axis=0)
    variance = np.einsum("ij,ij->j", hidden, hidden) / np.float32(WIDTH)
    hidden /= np.sqrt(variance + np.float32(LAYER_NORM_EPSILON))
    hidden *= affine.weight
    hidden += affine.bias
    return hidden


def _attention(hidden: Float, layer: _Layer, parts: Sequence[slice]) -> Float:
    query, key, value = (
        _linear(hidden, affine) for affine in (layer.query, layer.key, layer.value)
    )
    mixed = np.empty_like(query)
    for part in parts:
        mixed[:, part] = _mixed(query[:, part], key[:, part], value[:, part])
    return _linear(mixed, layer.attended)


def _mixed(query: Float, key: Float, value: Float) -> Float:
    """The values of one text, mixed by how its tokens attend to one another."""
    query, key, value = (each.reshape(HEADS, HEAD_WIDTH, -1) for each in (query, key, value))
    scores: Float = query.transpose(0, 2, 1) @ key
    scores *= np.float32(HEAD_WIDTH**-0.5)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed: Float = value @ scores.transpose(0, 2, 1)
    return mixed.reshape(WIDTH, -1)


def _gelu(x: Float) -> Float:
    """Gaussian error linear unit: x times the normal distribution function of x."""
    z = x * np.float32(2**-0.5)
    np.clip(z, -_ERF_LIMIT, _ERF_LIMIT, out=z)
    square = z * z
    gate = _polynomial(square, _ERF_NUMERATOR)
    gate *= z
    gate /= _polynomial(square, _ERF_DENOMINATOR)
    gate += np.float32(1)
    gate *= np.float32(0.5)
    gate *= x
    return gate


def _polynomial(x: Float, coefficients: Sequence[float]) -> Float:
    """Evaluate a polynomial by Horner's scheme; the lowest power comes first."""
    value = x * np.float32(coefficients[-1])
    for coefficient in coefficients[-2:0:-1]:
        value += np.float32(coefficient)
        value *= x
    value += np.float32(coefficients[0])
    return value
