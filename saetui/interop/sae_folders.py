"""Find out whose autoencoder a file or a folder holds, and read it."""

from pathlib import Path

from saetui.errors import InputError
from saetui.interop import saelens, torch_saes
from saetui.interop.autoencoder import Autoencoder

_SINGLE = (".pt", ".pth")
_PAIRS = {
    (saelens.CONFIGURATION, saelens.WEIGHTS): saelens.read_saelens,
    (torch_saes.SPARSIFY_SETTINGS, torch_saes.SPARSIFY_WEIGHTS): torch_saes.read_sparsify,
    (torch_saes.DICTIONARY_SETTINGS, torch_saes.DICTIONARY_WEIGHTS): torch_saes.read_dictionary,
}


def read_autoencoder(path: Path) -> Autoencoder:
    """The autoencoder in a file, or in a folder that holds only one.

    Raises:
        InputError: There is none, there are several, or it cannot be read.
    """
    path = holding_folder(path)
    if path.is_file():
        return torch_saes.read_single_file(path)
    for files, read in _PAIRS.items():
        if all((path / name).is_file() for name in files):
            return read(path)
    single = _single_files(path)
    if len(single) == 1:
        return torch_saes.read_single_file(single[0])
    raise _not_one(path, single)


def files_of(path: Path) -> list[Path]:
    """The files that decide what `read_autoencoder` gives."""
    path = holding_folder(path)
    if path.is_file():
        return [path]
    for files in _PAIRS:
        found = [path / name for name in files]
        if all(each.is_file() for each in found):
            return found
    return _single_files(path)


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
