"""Read autoencoders of other libraries: whose a file or folder holds, and which tensors mean what.

Of SAELens both the layout of today and those from before its version 6 are read.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.codec import Float
from saetui.errors import InputError
from saetui.interop.autoencoder import (
    SAELENS_FILES,
    SPARSIFY_FILES,
    Autoencoder,
    Preparation,
    gated,
)
from saetui.interop.saerch_folder import weight_file
from saetui.interop.tensor_files import TensorFile, read_settings, read_tensors, whole_number

_DICTIONARY_FILES = ("config.json", "ae.pt")


def read_sparsify(folder: Path) -> Autoencoder:
    """A TopK autoencoder of sparsify or of latent-sae: `cfg.json` beside `sae.safetensors`.

    Raises:
        InputError: It cannot be read, or is a transcoder.
    """
    path = folder / SPARSIFY_FILES[0]
    settings = read_settings(path)
    d = whole_number(path, settings, "d_in")
    # latent-sae has kinds of its own, as the name or the value of an enumeration.
    kind = str(settings.get("sae_type", "topk")).rpartition(".")[2].lower()
    activation = settings.get("activation", "topk") if kind == "topk" else kind
    if settings.get("signed"):
        raise InputError(
            f"{path} lets activations be negative, which no feature here can be.",
            "Give an autoencoder whose activations pass through a ReLU.",
        )
    if settings.get("transcode") or settings.get("skip_connection"):
        raise InputError(
            f"{path} describes a transcoder, which predicts something else than it reads.",
            "Give an autoencoder.",
        )
    if activation != "topk":
        raise InputError(
            f"{path} has the activation function {str(activation)[:40]!r}.",
            "Only topk can be read.",
        )
    file = read_tensors(folder / SPARSIFY_FILES[1])
    encoder = file.tensor("encoder.weight", None, d)
    n = len(encoder)
    return Autoencoder(
        "sparsify",
        encoder,
        file.tensor("encoder.bias", n),
        file.tensor("W_dec", n, d),
        file.tensor("b_dec", d),
        k=whole_number(path, settings, "k"),
    )


def read_dictionary(folder: Path) -> Autoencoder:
    """A dictionary of dictionary_learning: `config.json` beside `ae.pt`.

    Raises:
        InputError: It cannot be read, or is of another class.
    """
    path = folder / _DICTIONARY_FILES[0]
    trainer = read_settings(path).get("trainer")
    if not isinstance(trainer, dict):
        raise InputError(f"{path} does not describe a trainer.", "Copy it again.")
    kind = trainer.get("dict_class")
    file = read_tensors(folder / _DICTIONARY_FILES[1])
    layers = partial(_of_layers, file, "dictionary_learning", own="encoder.bias")
    k = partial(whole_number, path, trainer, "k")
    match kind:
        case "AutoEncoderTopK":
            return replace(layers("b_dec"), k=k())
        case "BatchTopKSAE":
            return _by_threshold(layers("b_dec"), file, k())
        case "MatryoshkaBatchTopKSAE":
            return _by_threshold(_matrices(file, centred=True), file, k())
        case "JumpReluAutoEncoder":
            found = _matrices(file, centred=False)
            return replace(found, threshold=file.tensor("threshold", found.n))
        case "AutoEncoder":
            return layers("bias")
        case "AutoEncoderNew":
            return replace(layers("decoder.bias"), centred=False)
        case "GatedAutoEncoder":
            return _gated_dictionary(file)
    raise InputError(
        f"{path} describes a dictionary of the class {str(kind)[:40]!r}, which cannot be read."
    )


def _by_threshold(found: Autoencoder, file: TensorFile, usual_k: int) -> Autoencoder:
    threshold = np.full(found.n, file.tensor("threshold"), dtype=np.float32)
    return replace(found, threshold=threshold, usual_k=usual_k)


def _matrices(file: TensorFile, *, centred: bool) -> Autoencoder:
    bias = file.tensor("b_dec", None)
    decoder = file.tensor("W_dec", None, len(bias))
    n = len(decoder)
    encoder = np.ascontiguousarray(file.tensor("W_enc", len(bias), n).T)
    own = file.tensor("b_enc", n)
    return Autoencoder("dictionary_learning", encoder, own, decoder, bias, centred=centred)


def _gated_dictionary(file: TensorFile) -> Autoencoder:
    bias = file.tensor("decoder_bias", None)
    encoder = file.tensor("encoder.weight", None, len(bias))
    n = len(encoder)
    r_mag = file.tensor("r_mag", n)
    own, threshold = gated(file.tensor("mag_bias", n), file.tensor("gate_bias", n), r_mag)
    return Autoencoder(
        "dictionary_learning",
        encoder * np.exp(r_mag)[:, None],
        own,
        np.ascontiguousarray(file.tensor("decoder.weight", len(bias), n).T),
        bias,
        threshold=threshold,
    )


def read_single_file(path: Path) -> Autoencoder:
    """An autoencoder in one file of torch: OpenAI's, saerch's, or HypotheSAEs'.

    Raises:
        InputError: It cannot be read, or holds another model's tensors.
    """
    file = read_tensors(path)
    if "input_bias" in file.tensors:
        return _hypothesaes(file)
    if "pre_bias" in file.tensors:
        return _openai(file)
    have = ", ".join(sorted(file.tensors)[:6]) or "no tensors"
    raise InputError(
        f"{path} holds {have}, which is no autoencoder that is known here.",
        "Known are files of OpenAI, saerch and HypotheSAEs, and folders of SAELens, sparsify, "
        "latent-sae and dictionary_learning.",
    )


def _hypothesaes(file: TensorFile) -> Autoencoder:
    settings = file.plain.get("config")
    if not isinstance(settings, dict):
        raise InputError(f"{file.path} lacks its configuration.", "Save it by the library.")
    found = _of_layers(file, "HypotheSAEs", "input_bias", "neuron_bias")
    k = whole_number(file.path, settings, "k_active_neurons")
    if not settings.get("use_batch_topk"):
        return replace(found, k=k)
    return _by_threshold(found, file, k)


def _openai(file: TensorFile) -> Autoencoder:
    activation = file.plain.get("activation")
    library = "saerch" if activation is None else "OpenAI"
    found = _of_layers(file, library, "pre_bias", "latent_bias")
    if activation == "ReLU":
        return found
    if activation == "TopK":
        further = file.plain.get("activation_state_dict")
        further = further if isinstance(further, dict) else {}
        if further.get("postact_fn", "ReLU") != "ReLU":
            raise InputError(
                f"{file.path} lets activations be negative, which no feature here can be.",
                "Give an autoencoder whose activations pass through a ReLU.",
            )
        # Its loader takes embeddings of these, and no others, for layer-normalised.
        k = whole_number(file.path, further, "k")
        return replace(found, k=k, preparation="layer_norm")
    if activation is not None:
        raise InputError(
            f"{file.path} has the activation function {str(activation)[:40]!r}.",
            "Only ReLU and TopK can be read.",
        )
    named = weight_file(file.path)
    if named is None:
        raise InputError(
            f"{file.path} does not say how many features are active, and neither does its name.",
            "Name it as it was published, such as 64_9216_128_auxk_epoch_50.pth for k = 64 and "
            "n = 9216.",
        )
    if named.n != found.n:
        raise InputError(
            f"{file.path} has {found.n} features, but its name says n = {named.n}.",
            "Give the file its own name back.",
        )
    return replace(found, k=named.k)


def _of_layers(file: TensorFile, library: str, bias: str, own: str) -> Autoencoder:
    encoder = file.tensor("encoder.weight", None, None)
    n, d = encoder.shape
    if "decoder.weight" not in file.tensors:
        # A tied decoder is the encoder turned round.
        decoder = file.tensor("decoder.linear.weight", n, d)
    else:
        decoder = np.ascontiguousarray(file.tensor("decoder.weight", d, n).T)
    return Autoencoder(library, encoder, file.tensor(own, n), decoder, file.tensor(bias, d))


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
    path = folder / SAELENS_FILES[0]
    settings = read_settings(path)
    d, n = (whole_number(path, settings, name) for name in ("d_in", "d_sae"))
    architecture = _architecture(path, settings)
    file = read_tensors(folder / SAELENS_FILES[1])
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


_SINGLE = (".pt", ".pth")
_PAIRS = {
    SAELENS_FILES: read_saelens,
    SPARSIFY_FILES: read_sparsify,
    _DICTIONARY_FILES: read_dictionary,
}


def read_autoencoder(path: Path) -> Autoencoder:
    """The autoencoder in a file, or in a folder that holds only one.

    Raises:
        InputError: There is none, there are several, or it cannot be read.
    """
    path = holding_folder(path)
    if path.is_file():
        return read_single_file(path)
    pair = _pair_in(path)
    if pair is not None:
        return _PAIRS[pair](path)
    single = _single_files(path)
    if len(single) == 1:
        return read_single_file(single[0])
    raise _not_one(path, single)


def files_of(path: Path) -> list[Path]:
    """The files that decide what `read_autoencoder` gives."""
    path = holding_folder(path)
    if path.is_file():
        return [path]
    pair = _pair_in(path)
    return _single_files(path) if pair is None else [path / name for name in pair]


def _pair_in(folder: Path) -> tuple[str, str] | None:
    return next((p for p in _PAIRS if all((folder / name).is_file() for name in p)), None)


def holding_folder(path: Path) -> Path:
    """The folder of a file that is one of a pair; any other path as it is."""
    beside = any(
        path.name in files and all((path.parent / name).is_file() for name in files)
        for files in _PAIRS
    )
    return path.parent if beside and path.is_file() else path


def _single_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in _SINGLE and path.is_file())


def _not_one(path: Path, single: list[Path]) -> InputError:
    if not path.is_dir():
        return InputError(f"There is no file or folder {path}.", "Check the path.")
    inside = sorted(
        below.relative_to(path).parent.as_posix()
        for _, weights in _PAIRS
        for below in path.glob(f"*/{weights}")
    )
    names = [each.name for each in single] or inside
    if names:
        shown = ", ".join(names[:8]) + (" and others" if len(names) > 8 else "")
        return InputError(
            f"{path} holds {len(names)} autoencoders: {shown}.",
            f"Choose one, such as {path / names[0]}.",
        )
    return InputError(
        f"{path} holds no autoencoder that is known here.",
        "Known are folders of SAELens (cfg.json, sae_weights.safetensors), sparsify and latent-sae "
        "(cfg.json, sae.safetensors), dictionary_learning (config.json, ae.pt), and files of "
        "OpenAI, saerch and HypotheSAEs (.pt, .pth).",
    )
