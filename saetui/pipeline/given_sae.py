"""SAEs that a build does not train but is given: from a bundle, a file, a folder or the hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from saetui.core.codec import SaeWeights
from saetui.corpus.records import counted
from saetui.embed.registry import is_offline, snapshots_of, why_unreachable
from saetui.errors import InputError, MissingDependency
from saetui.interop.sae_readers import files_of, read_autoencoder
from saetui.interop.saerch_folder import ENDING
from saetui.pipeline.context import fingerprint
from saetui.pipeline.options import SaeSource
from saetui.pipeline.sources import fingerprint_of
from saetui.store import layout, saes
from saetui.store.manifest import MANIFEST, Manifest, SaeRecord, read_manifest
from saetui.train.size import SaeSize, Variant

if TYPE_CHECKING:
    from huggingface_hub import HfApi


_ON_HUB = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*")
# What the address bar of a browser adds to that.
_ADDRESS = re.compile(r"https://huggingface\.co/([^/]+/[^/]+)(?:/(?:tree|blob)/[^/]+)?(/.*?)?/?")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_ORIGIN = 40
_OF_AUTOENCODERS = ("cfg.json", "config.json", ".safetensors", ".pt", ".pth")


@dataclass(frozen=True)
class GivenSae:
    """An SAE from elsewhere.

    Attributes:
        source: What the user asked for.
        origin: Short name of where it is from, for the SAE's own name.
        made_from: Fingerprint of its files.
        weights: As a bundle computes it. Where only thresholds decide what is active, `k` is n.
        variant: How it was trained, if that is known.
        usual_k: Active features per document, on average; None where that is not known.
        embedder: Settings of the embedder that it was trained on; empty if unknown.
        bundle: The bundle that it is from, and its name there; None from elsewhere.
    """

    source: SaeSource
    origin: str
    made_from: str
    weights: SaeWeights
    variant: Variant = "topk"
    usual_k: int | None = None
    embedder: dict[str, Any] = field(default_factory=dict)
    bundle: tuple[Path, str] | None = None


def find_sae(source: SaeSource) -> GivenSae:
    """The SAE that a user asks for.

    Raises:
        InputError: There is none, or it cannot be read.
        BundleError: It is in a bundle that cannot be read.
    """
    path = Path(source.source)
    within = path.parent.parent
    if (path / MANIFEST).is_file():
        manifest = read_manifest(path)
        return _in_bundle(source, path, manifest, manifest.saes[0])
    if path.parent.name == "saes" and (within / MANIFEST).is_file():
        manifest = read_manifest(within)
        for record in manifest.saes:
            if record.name == path.name:
                return _in_bundle(source, within, manifest, record)
    if path.exists():
        origin = path.stem if path.is_file() else path.name
        return _elsewhere(source, path, origin)
    address = _ADDRESS.fullmatch(source.source)
    on_hub = "".join(part or "" for part in address.groups()) if address else source.source
    if _ON_HUB.fullmatch(on_hub):
        return _elsewhere(source, folder_on_hub(on_hub), on_hub.partition("/")[2])
    raise InputError(
        f"There is no SAE at {source.source}.",
        "Give a bundle, a file, a folder, or a repository of the Hugging Face hub such as "
        "owner/name or owner/name/folder.",
    )


def _in_bundle(source: SaeSource, path: Path, manifest: Manifest, record: SaeRecord) -> GivenSae:
    folder = layout.sae_folder(path, record.name)
    size = SaeSize.parse(record.name)
    files = [folder / name for name in (saes.CONFIGURATION, saes.WEIGHTS)]
    labels = folder / layout.FEATURES
    return GivenSae(
        source,
        # An SAE that is handed on keeps the name of where it was trained.
        size.origin or _short(path.stem),
        _fingerprint([*files, labels]),
        saes.load_weights(folder),
        size.variant,
        record.k,
        dict(manifest.embedder),
        (path, record.name),
    )


def _elsewhere(source: SaeSource, path: Path, origin: str) -> GivenSae:
    found = read_autoencoder(path)
    weights = found.weights(found.n)
    embedder = {"spec": found.embedder} if found.embedder else {}
    usual = found.usual_k if found.k is None else found.k
    made_from = _fingerprint(files_of(path))
    return GivenSae(source, _short(origin), made_from, weights, usual_k=usual, embedder=embedder)


def _fingerprint(files: Sequence[Path]) -> str:
    return fingerprint("given", 1, files=[fingerprint_of(path) for path in files])


def _short(origin: str) -> str:
    name = _NOT_IN_NAMES.sub("-", origin).strip("-")[:_LONGEST_ORIGIN].strip("-")
    return name.casefold() or "elsewhere"


def folder_on_hub(source: str) -> Path:
    """Where an autoencoder of a repository is on this machine; downloads it if it is not there.

    `source` is `owner/name`, perhaps with a folder or a file in the repository behind it.

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


class WeightsOnHub:
    """The weights of one repository; without the network, those that were downloaded before.

    Only files with one of the endings matter. `option` is what the user asked by.

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
