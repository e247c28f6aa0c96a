"""Settings and cache of the Hugging Face hub, without importing its slow client."""

import os
from pathlib import Path

from saetui.paths import user_path

# Seconds for the hub to answer at all.
_PATIENCE = 5.0


def is_offline() -> bool:
    """Whether the user told the hub's client not to use the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def why_unreachable() -> str:
    """Why the hub cannot be reached, in a few words; empty if it can.

    The hub's client tries five times, which takes half a minute, and prints each attempt.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        with urlopen(Request(address, method="HEAD"), timeout=_PATIENCE):
            return ""
    except HTTPError:
        # It answers, whatever it thinks of the request.
        return ""
    except URLError as error:
        return str(getattr(error.reason, "strerror", None) or error.reason)
    except (OSError, ValueError) as error:
        return str(error)


def cache_folder() -> Path:
    """The folder of the hub client's downloads."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return user_path(os.environ[variable])
    if os.environ.get("HF_HOME"):
        return user_path(os.environ["HF_HOME"]) / "hub"
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return user_path(home) / "huggingface" / "hub"


def snapshots_of(model: str) -> list[Path]:
    """Folders of the downloaded versions of a model, the one that `main` points to first."""
    repository = cache_folder() / f"models--{model.replace('/', '--')}"
    try:
        main = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        main = ""
    try:
        snapshots = sorted((repository / "snapshots").iterdir())
    except OSError:
        return []
    return sorted(snapshots, key=lambda snapshot: snapshot.name != main)
