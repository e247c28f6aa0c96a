"""The paper's weights: a state dictionary in torch's own format."""

from collections.abc import Mapping

import numpy as np

from saetui.core.codec import Float, SaeWeights
from saetui.errors import InputError
from saetui.interop.saerch_folder import WeightFile
from saetui.interop.tensor_files import read_tensors, refused

_ENCODER, _DECODER, _BIAS, _LATENT_BIAS = (
    "encoder.weight",
    "decoder.weight",
    "pre_bias",
    "latent_bias",
)


def read_weights(file: WeightFile, d: int) -> SaeWeights:
    """The autoencoder in a file.

    Args:
        file: The file, with the k and n in its name.
        d: Width of the embeddings that it must encode.

    Raises:
        InputError: It cannot be read, holds anything but tensors, or its tensors are not those of
            an autoencoder of these sizes.
    """
    read = read_tensors(file.path)
    for name, value in read.plain.items():
        raise refused(file.path, name, value)
    tensors = read.tensors
    encoder, decoder = (_matrix(file, tensors, name) for name in (_ENCODER, _DECODER))
    _check_matrix(file, _ENCODER, encoder.shape, (file.n, d))
    _check_matrix(file, _DECODER, decoder.shape, (d, file.n))
    bias, latent_bias = (
        _vector(file, tensors, name, length)
        for name, length in ((_BIAS, d), (_LATENT_BIAS, file.n))
    )
    return SaeWeights(
        encoder=encoder,
        encoder_bias=latent_bias,
        directions=np.ascontiguousarray(decoder.T),
        bias=bias,
        k=file.k,
    )


def _matrix(file: WeightFile, tensors: Mapping[str, Float], name: str) -> Float:
    if name not in tensors:
        have = ", ".join(sorted(tensors)[:6]) or "nothing"
        raise InputError(
            f"{file.path} lacks the tensor {name}.", f"It holds {have}, so it is another model's."
        )
    values: Float = tensors[name]
    if not np.isfinite(values).all():
        raise InputError(f"{file.path}: {name} holds values that are not numbers.")
    return values


def _check_matrix(
    file: WeightFile, name: str, found: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    if found == wanted:
        return
    is_encoder = name == _ENCODER
    shape, needed = (" x ".join(str(length) for length in each) for each in (found, wanted))
    if found == wanted[::-1]:
        raise InputError(
            f"{file.path}: {name} is transposed: it is {shape}, and {needed} belongs there.",
            f"Save it as {name}.T, or take the published file.",
        )
    n, d = found if is_encoder and len(found) == 2 else (found[::-1] if len(found) == 2 else (0, 0))
    own_n, own_d = wanted if is_encoder else wanted[::-1]
    if n == own_n:
        raise InputError(
            f"{file.path} encodes vectors of width {d}, but the embeddings have width {own_d}.",
            "Give the embeddings that it was trained on.",
        )
    if d == own_d:
        raise InputError(
            f"{file.path} has {n} features, but its name says n = {own_n}.",
            "Give the file its own name back.",
        )
    raise InputError(f"{file.path}: {name} is {shape}, and {needed} belongs there.")


def _vector(file: WeightFile, tensors: Mapping[str, Float], name: str, length: int) -> Float:
    values = _matrix(file, tensors, name)
    if values.shape != (length,):
        shape = " x ".join(str(each) for each in values.shape) or "one number"
        raise InputError(f"{file.path}: {name} has length {shape}, and {length} belongs there.")
    return values
