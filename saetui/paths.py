"""Where saetui keeps what is not the user's: caches, settings and the files it ships."""

import os
from pathlib import Path
from typing import Literal


def cache_dir() -> Path:
    """Folder for what can be made again; `SAETUI_CACHE` overrides the system's usual place."""
    return _folder("cache")


def data_dir() -> Path:
    """Folder for what the user made; `SAETUI_DATA` overrides the system's usual place."""
    return _folder("data")


def recovered_dir() -> Path:
    """Folder of searches that were saved because the app had to stop."""
    return data_dir() / "recovered"


def config_dir() -> Path:
    """Folder for settings written by hand; `SAETUI_CONFIG` overrides the system's usual place."""
    return _folder("config")


def _folder(kind: Literal["cache", "data", "config"]) -> Path:
    override = os.environ.get(f"SAETUI_{kind.upper()}")
    if override:
        return Path(override)
    import platformdirs

    usual = {
        "cache": platformdirs.user_cache_dir,
        "data": platformdirs.user_data_dir,
        "config": platformdirs.user_config_dir,
    }
    return Path(usual[kind]("saetui", appauthor=False))


def user_path(text: str) -> Path:
    """A path as a person types it: `~` is the home folder; of no known user, a plain letter."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def assets_dir() -> Path:
    """Folder of shipped files: beside the modules when installed, at the top of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"
