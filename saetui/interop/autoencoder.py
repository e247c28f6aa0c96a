"""What sparse autoencoders of other libraries compute, and the same as a bundle computes it.

With `s(x)` the embedding as the library prepares it, such an autoencoder computes

    a = W_enc (s(x) - b_pre) + b_enc     z = f(a)     s(x_hat) = sum_i z_i d_i + b

where `f` keeps the `k` largest or those above a threshold, `b_pre` is `b` or nothing, and
directions may have any length. A bundle's has directions of unit norm, reads embeddings of unit
norm as they are, and subtracts `b`. Both give the same reconstructions; activations differ by a
factor for each feature, `Autoencoder.scale`. `write_saelens` and `write_sparsify` go the other way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import LAYER_NORM_EPSILON, Float, SaeWeights
from saetui.errors import InputError
from saetui.store.atomic import atomic_write

Preparation = Literal["none", "length", "layer_norm"]
"""What is done to an embedding first: nothing; its length becomes `sqrt(d)`; or it is centred and
divided by its standard deviation."""

# Norms that differ by less are those of a decoder that was normalised.
_SAME_NORM = 1e-6
_UNIT = 0.01
_LEAST_NORM = 1e-8


@dataclass(frozen=True)
class Autoencoder:
    """An autoencoder as its library describes it.

    Attributes:
        library: Whose layout it came in, such as "SAELens".
        encoder: `W_enc`, float32 `(n, d)`.
        encoder_bias: `b_enc`, float32 `(n,)`.
        decoder: Row `i` is `d_i`, of any norm, float32 `(n, d)`.
        decoder_bias: `b`, float32 `(d,)`.
        k: How many of the largest activations count; None where only the threshold decides.
        threshold: Activations at or below it count as zero, float32 `(n,)`; None for 0.
        centred: Whether `b_pre` is `b`; otherwise nothing is subtracted.
        scaled_selection: Whether the `k` largest are chosen by `a_i |d_i|`.
        preparation: Of embeddings.
        usual_k: Active features per document on average, if it says so.
        embedder: What made the embeddings that it was trained on, if it says so.
    """

    library: str
    encoder: Float
    encoder_bias: Float
    decoder: Float
    decoder_bias: Float
    k: int | None = None
    threshold: Float | None = None
    centred: bool = True
    scaled_selection: bool = False
    preparation: Preparation = "none"
    usual_k: int | None = None
    embedder: str = ""

    @property
    def n(self) -> int:
        """Number of features."""
        return int(self.encoder.shape[0])

    @property
    def d(self) -> int:
        """Width of the embeddings."""
        return int(self.encoder.shape[1])

    @cached_property
    def _norms(self) -> Float:
        norms = np.linalg.norm(self.decoder.astype(np.float64), axis=1)
        return np.asarray(np.maximum(norms, _LEAST_NORM), dtype=np.float32)

    @property
    def _unprepared(self) -> float:
        """What a prepared embedding must be multiplied by to have unit norm again."""
        if self.preparation == "length":
            return 1 / float(np.sqrt(self.d))
        return 1 / float(np.sqrt(self.d - 1)) if self.preparation == "layer_norm" else 1.0

    @property
    def scale(self) -> Float:
        """What activations must be multiplied by to be a bundle's, float32 `(n,)`."""
        return np.asarray(self._norms * self._unprepared, dtype=np.float32)

    def weights(self, slots: int) -> SaeWeights:
        """The same autoencoder as a bundle computes it.

        Args:
            slots: The most features that can be active on a document, where only the threshold
                decides which are.

        Raises:
            InputError: The decoder is transposed.
        """
        self._check_decoder()
        offset = self.encoder_bias.astype(np.float64)
        if self.centred:
            offset = offset - self.encoder.astype(np.float64) @ self.decoder_bias
        encoder = self.encoder.astype(np.float64)
        if self.preparation == "length":
            encoder = encoder * np.sqrt(self.d)
        elif self.preparation == "layer_norm":
            usual = 1 / (1 / np.sqrt(self.d - 1) + LAYER_NORM_EPSILON)
            encoder = (encoder - encoder.mean(axis=1, keepdims=True)) * usual
        scale = self.scale.astype(np.float64)
        encoder = encoder * scale[:, None]
        bias = self.decoder_bias.astype(np.float64) * self._unprepared
        threshold: float | Float = 0.0
        if self.threshold is not None:
            threshold = np.maximum(self.threshold * self.scale, 0).astype(np.float32)
        elif self.k is None:
            threshold = np.zeros(self.n, dtype=np.float32)
        return SaeWeights(
            encoder=encoder.astype(np.float32),
            encoder_bias=(offset * scale + encoder @ bias).astype(np.float32),
            directions=(self.decoder / self._norms[:, None]).astype(np.float32),
            bias=bias.astype(np.float32),
            k=min(slots if self.k is None else self.k, self.n),
            threshold=threshold,
            selection=self._selection(),
            layer_norm=self.preparation == "layer_norm",
        )

    def _selection(self) -> Float | None:
        norms = self._norms
        if self.k is None or self.scaled_selection or norms.max() - norms.min() < _SAME_NORM:
            return None
        return np.asarray(1 / norms, dtype=np.float32)

    def _check_decoder(self) -> None:
        if self.n != self.d or np.abs(self._norms - 1).max() <= _UNIT:
            return
        other_way = np.linalg.norm(self.decoder, axis=0)
        if np.abs(other_way - 1).max() <= _UNIT:
            raise InputError(
                "The decoder is transposed: its rows have unit norm instead of its columns.",
                "Save the decoder as its transpose.",
            )


def gated(encoder_bias: Float, gate_bias: Float, r_mag: Float) -> tuple[Float, Float]:
    """Bias and threshold with which a JumpReLU does what a gated autoencoder does.

    A gated one is active where `h + b_gate > 0` and then has the activation
    `ReLU(exp(r) h + b_mag)`, `h = W_enc x`. With `a = exp(r) h + b_mag`, that is where
    `a > b_mag - exp(r) b_gate`; the encoder must be multiplied by `exp(r)`.

    Args:
        encoder_bias: `b_mag`, float32 `(n,)`.
        gate_bias: `b_gate`, float32 `(n,)`.
        r_mag: `r`, float32 `(n,)`.
    """
    threshold = np.maximum(encoder_bias - np.exp(r_mag) * gate_bias, 0)
    return encoder_bias, np.asarray(threshold, dtype=np.float32)


SAELENS_FILES = ("cfg.json", "sae_weights.safetensors")
SPARSIFY_FILES = ("cfg.json", "sae.safetensors")
"""Configuration and weights in a folder of SAELens, and of sparsify or latent-sae."""

# The version of SAELens whose configuration this is; without it, one from before 6 is assumed.
_SAELENS = "6.0.0"


def write_saelens(folder: Path, weights: SaeWeights, metadata: Mapping[str, Any]) -> None:
    """Write a folder that `SAE.load_from_disk` of SAELens 6 and later reads.

    The folder is made if it is not there; `metadata` is kept in the configuration.

    Raises:
        InputError: Features were added to it; or the folder cannot be written.
    """
    _refuse_added(weights, "SAELens")
    length = 1.0
    if weights.layer_norm:
        # SAELens divides by the standard deviation itself, and multiplies by it afterwards.
        length = float(np.sqrt(weights.d - 1))
    parts = _unselected(weights)
    usual = 1 / (1 / np.sqrt(weights.d - 1) + LAYER_NORM_EPSILON)
    encoder = parts["encoder"] * (length / usual if weights.layer_norm else 1)
    bias = weights.bias * length
    offset = parts["offset"] * length
    tensors: dict[str, NDArray[np.floating]] = {
        "W_enc": np.ascontiguousarray(encoder.T),
        "W_dec": parts["decoder"],
        "b_enc": offset + encoder @ bias,
        "b_dec": bias,
    }
    kind: dict[str, Any] = {"architecture": "topk", "k": weights.k}
    if weights.has_threshold:
        kind = {"architecture": "jumprelu"}
        tensors["threshold"] = np.full(weights.n, weights.threshold) * length
    settings = {
        **kind,
        "d_in": weights.d,
        "d_sae": weights.n,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "layer_norm" if weights.layer_norm else "none",
        "reshape_activations": "none",
        "metadata": {"sae_lens_version": _SAELENS, **metadata},
    }
    _write(folder, SAELENS_FILES, settings, tensors)


def write_sparsify(folder: Path, weights: SaeWeights) -> None:
    """Write a folder that sparsify's `SparseCoder` and latent-sae's `Sae` load.

    Raises:
        InputError: These libraries cannot express it; or the folder cannot be written.
    """
    _refuse_added(weights, "sparsify")
    if weights.has_threshold or weights.layer_norm:
        what = "a threshold" if weights.has_threshold else "layer normalisation"
        raise InputError(
            f"The SAE has {what}, which sparsify and latent-sae do not know.",
            "Export it for SAELens.",
        )
    parts = _unselected(weights)
    tensors: dict[str, NDArray[np.floating]] = {
        "encoder.weight": parts["encoder"],
        "encoder.bias": parts["offset"] + parts["encoder"] @ weights.bias,
        "W_dec": parts["decoder"],
        "b_dec": weights.bias,
    }
    settings = {
        "activation": "topk",
        "d_in": weights.d,
        "expansion_factor": max(weights.n // weights.d, 1),
        "k": weights.k,
        "multi_topk": False,
        "normalize_decoder": weights.selection is None,
        "num_latents": weights.n,
        "skip_connection": False,
        "transcode": False,
    }
    _write(folder, SPARSIFY_FILES, settings, tensors)


def _unselected(weights: SaeWeights) -> dict[str, NDArray[np.float64]]:
    """Encoder, offset and decoder in units in which the largest activations are those chosen."""
    factor = np.ones(weights.n) if weights.selection is None else weights.selection
    return {
        "encoder": weights.encoder.astype(np.float64) * factor[:, None],
        "offset": (weights.encoder_bias - weights.encoder.astype(np.float64) @ weights.bias)
        * factor,
        "decoder": weights.directions.astype(np.float64) / factor[:, None],
    }


def _refuse_added(weights: SaeWeights, library: str) -> None:
    if weights.added:
        raise InputError(
            f"{weights.added:,} features of the SAE were added by --extend, and {library} has no "
            "autoencoders that encode what another one leaves unexplained.",
            "Export the SAE that they were added to.",
        )


def _write(
    folder: Path,
    files: tuple[str, str],
    settings: Mapping[str, Any],
    tensors: Mapping[str, NDArray[np.floating]],
) -> None:
    from safetensors.numpy import save

    settings_name, weights_name = files
    folder.mkdir(parents=True, exist_ok=True)
    single = {
        name: np.ascontiguousarray(values, dtype=np.float32) for name, values in tensors.items()
    }
    with atomic_write(folder / weights_name) as temporary:
        temporary.write_bytes(save(single))
    with atomic_write(folder / settings_name) as temporary:
        temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
