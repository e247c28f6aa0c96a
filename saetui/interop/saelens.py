"""Autoencoders as SAELens keeps them: `cfg.json` beside `sae_weights.safetensors`.

Both its layout of today and those from before its version 6 are read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.codec import Float
from saetui.errors import InputError
from saetui.interop.autoencoder import Autoencoder, Preparation, gated
from saetui.interop.tensor_files import TensorFile, read_settings, read_tensors, whole_number

CONFIGURATION, WEIGHTS = "cfg.json", "sae_weights.safetensors"

_READ = ("standard", "topk", "batchtopk", "jumprelu", "gated", "matryoshka_batchtopk")
# Whatever else the configuration says, SAELens leaves the embedding as it is: it expects that a
# factor was folded into the weights.
_PREPARATIONS: dict[str, Preparation] = {
    "none": "none",
    "expected_average_only_in": "none",
    "covariance_whitening": "none",
    "constant_norm_rescale": "length",
    "layer_norm": "layer_norm",
}


def read_saelens(folder: Path) -> Autoencoder:
    """The autoencoder in a folder.

    Raises:
        InputError: It cannot be read, or is of a kind that has no codes of features.
    """
    path = folder / CONFIGURATION
    settings = read_settings(path)
    d, n = (whole_number(path, settings, name) for name in ("d_in", "d_sae"))
    architecture = _architecture(path, settings)
    file = read_tensors(folder / WEIGHTS)
    encoder = file.tensor("W_enc", d, n).T
    decoder = file.tensor("W_dec", n, d)
    decoder_bias = file.tensor("b_dec", d)
    norms = np.linalg.norm(decoder, axis=1)
    scaled = bool(settings.get("rescale_acts_by_decoder_norm"))
    k, threshold = None, None
    if architecture == "gated":
        r_mag = file.tensor("r_mag", n)
        encoder_bias, threshold = gated(file.tensor("b_mag", n), file.tensor("b_gate", n), r_mag)
        encoder = encoder * np.exp(r_mag)[:, None]
    else:
        encoder_bias = file.tensor("b_enc", n)
        threshold = _threshold(file, n, norms if scaled else None)
        k = _k(path, settings) if architecture == "topk" else None
    return Autoencoder(
        library="SAELens",
        encoder=np.ascontiguousarray(encoder),
        encoder_bias=encoder_bias,
        decoder=decoder,
        decoder_bias=decoder_bias,
        k=k,
        threshold=threshold,
        centred=settings.get("apply_b_dec_to_input", True) is not False,
        scaled_selection=scaled,
        preparation=_preparation(path, settings),
        usual_k=_usual_k(settings),
        embedder=_embedder(settings),
    )


def _architecture(path: Path, settings: Mapping[str, Any]) -> str:
    found = settings.get("architecture", "standard")
    # Before version 6 a TopK autoencoder was a standard one with another activation function.
    if _activation(settings) == "topk":
        found = "topk"
    if found not in _READ:
        raise InputError(
            f"{path} describes an autoencoder of the kind {str(found)[:40]!r}.",
            f"These can be read: {', '.join(_READ)}.",
        )
    return str(found)


def _activation(settings: Mapping[str, Any]) -> object:
    return settings.get("activation_fn_str", settings.get("activation_fn"))


def _k(path: Path, settings: Mapping[str, Any]) -> int:
    further = settings.get("activation_fn_kwargs")
    if _activation(settings) == "topk" and isinstance(further, dict) and "k" in further:
        return whole_number(path, further, "k")
    return whole_number(path, settings, "k")


def _usual_k(settings: Mapping[str, Any]) -> int | None:
    k = settings.get("k")
    return round(k) if isinstance(k, int | float) and k >= 1 else None


def _threshold(file: TensorFile, n: int, norms: Float | None) -> Float | None:
    """Thresholds of activations, wherever they are kept."""
    if "log_threshold" in file.tensors:
        return np.asarray(np.exp(file.tensor("log_threshold", n)), dtype=np.float32)
    if "threshold" in file.tensors:
        return file.tensor("threshold", n)
    if "topk_threshold" in file.tensors:
        # It is one number, of activations times the norms of directions if these are counted.
        number = np.full(n, file.tensor("topk_threshold"), dtype=np.float32)
        return number if norms is None else number / norms
    return None


def _preparation(path: Path, settings: Mapping[str, Any]) -> Preparation:
    wanted = settings.get("normalize_activations") or "none"
    # It was a question of yes or no once.
    wanted = "expected_average_only_in" if wanted is True else wanted
    if wanted not in _PREPARATIONS:
        raise InputError(
            f"{path} prepares embeddings by {str(wanted)[:40]!r}, which is not known here.",
            f"Known are: {', '.join(_PREPARATIONS)}.",
        )
    return _PREPARATIONS[str(wanted)]


def _embedder(settings: Mapping[str, Any]) -> str:
    metadata = settings.get("metadata")
    named = metadata.get("embedder", "") if isinstance(metadata, dict) else ""
    return named if isinstance(named, str) else ""
