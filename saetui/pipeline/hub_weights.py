"""Weights in a repository on the Hugging Face hub, or in the part of it that was downloaded."""

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from saetui.corpus.records import counted
from saetui.embed.hub import is_offline, snapshots_of, why_unreachable
from saetui.errors import InputError, MissingDependency
from saetui.interop.saerch_folder import ENDING

if TYPE_CHECKING:
    from huggingface_hub import HfApi


class WeightsOnHub:
    """The weights of one repository; without the network, those that were downloaded before.

    Args:
        repository: Such as `charlieoneill/embedding-saes`.
        endings: Of the names of files that matter.
        option: By which the user asked for it.

    Raises:
        MissingDependency: The hub's client is not installed.
    """

    def __init__(
        self,
        repository: str,
        endings: tuple[str, ...] = (ENDING,),
        option: str = "--from-hub",
    ) -> None:
        self.repository = repository
        self._endings = endings
        if find_spec("huggingface_hub") is None:
            raise MissingDependency("huggingface-hub", option, "hub")

    def names(self) -> list[str]:
        """Files of weights in the repository.

        Raises:
            InputError: The repository cannot be asked, and nothing of it was downloaded.
        """
        unreachable = "" if is_offline() else why_unreachable()
        if unreachable:
            why = f"the hub cannot be reached ({unreachable})"
        elif not is_offline():
            from huggingface_hub.errors import HfHubHTTPError, HFValidationError

            try:
                listed = self._api.list_repo_files(self.repository)
                return [name for name in listed if name.endswith(self._endings)]
            except HFValidationError as error:
                raise InputError(f"'{self.repository}' is no repository ({error}).") from None
            except HfHubHTTPError as error:
                if error.response is not None and error.response.status_code in (401, 403, 404):
                    raise InputError(
                        f"The hub has no repository {self.repository} that may be read.",
                        "Check its name; for a private one, log in with: hf auth login",
                    ) from None
                why = f"the hub cannot be asked ({error.__class__.__name__})"
            # Whatever the client's own HTTP library raises when there is no network.
            except Exception as error:  # noqa: BLE001
                why = f"the hub cannot be reached ({error.__class__.__name__})"
        else:
            why = "the network is forbidden by HF_HUB_OFFLINE"
        downloaded = self._downloaded()
        if not downloaded:
            raise InputError(
                f"No weights of {self.repository} were downloaded before, and {why}.",
                "Try again with the network, or put the weights into the folder.",
            )
        return sorted(downloaded)

    def fetch(self, name: str) -> Path:
        """Where a file is on this machine; downloads it unless it is there already.

        Raises:
            InputError: It cannot be downloaded.
        """
        downloaded = self._downloaded()
        why = "" if is_offline() else why_unreachable()
        if (is_offline() or why) and name in downloaded:
            return downloaded[name]
        if why:
            raise InputError(
                f"{name} was not downloaded from {self.repository} before, and the hub cannot be "
                f"reached ({why}).",
                "Try again with the network, or put the weights into the folder.",
            )
        try:
            return Path(self._api.hf_hub_download(self.repository, name))
        # The client's own errors, and those of the HTTP library below it.
        except Exception as error:  # noqa: BLE001
            if name in downloaded:
                return downloaded[name]
            if error.__class__.__name__ == "GatedRepoError":
                raise InputError(
                    f"The hub gives {self.repository} only to those who accepted its terms.",
                    "Accept them on its page there, then log in with: hf auth login",
                ) from None
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"{name} cannot be downloaded from {self.repository} ({reason}).",
                "Try again: what was downloaded is kept.",
            ) from None

    def _downloaded(self) -> dict[str, Path]:
        """Files of weights of the newest version that was downloaded, by name."""
        for snapshot in snapshots_of(self.repository):
            found = {
                path.relative_to(snapshot).as_posix(): path
                for path in sorted(snapshot.rglob("*"))
                if path.name.endswith(self._endings) and path.is_file()
            }
            if found:
                return found
        return {}

    @cached_property
    def _api(self) -> "HfApi":
        from huggingface_hub import HfApi

        return HfApi()


_OF_AUTOENCODERS = ("cfg.json", "config.json", ".safetensors", ".pt", ".pth")


def folder_on_hub(source: str) -> Path:
    """Where an autoencoder of a repository is on this machine; downloads it if it is not there.

    Args:
        source: `owner/name`, perhaps with a folder or a file in the repository behind it.

    Raises:
        InputError: It cannot be had, or there are several.
        MissingDependency: The hub's client is not installed.
    """
    owner, name, *inside = source.split("/")
    below = "/".join(inside)
    hub = WeightsOnHub(f"{owner}/{name}", _OF_AUTOENCODERS, "--sae-from")
    listed = [PurePosixPath(each) for each in hub.names()]
    if PurePosixPath(below) in listed:
        return hub.fetch(below)
    beside = [each for each in listed if each.parent == PurePosixPath(below)]
    weights = [each for each in beside if each.suffix != ".json"]
    if len(weights) == 1:
        for each in beside:
            fetched = hub.fetch(each.as_posix())
        return fetched.parent
    # Weights that lie beside each other have to be named; others are named by their folders.
    choices = weights or [each.parent for each in listed if each.suffix != ".json"]
    shown = sorted({each.as_posix() for each in choices})
    if not shown:
        raise InputError(f"{hub.repository} on the hub holds no autoencoder.", "Check its name.")
    there = below in {folder.as_posix() for each in listed for folder in each.parents}
    holds = "holds" if there or not below else f"has no '{below}', but"
    raise InputError(
        f"{source if there else hub.repository} on the hub {holds} "
        f"{counted(len(shown), 'autoencoder', 'autoencoders')}: {', '.join(shown[:8])}"
        + (" and others." if len(shown) > 8 else "."),
        f"Choose one, such as {hub.repository}/{shown[0]}.",
    )
