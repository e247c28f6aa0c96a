"""What has been built in a folder, step by step, so that nothing is built twice.

A step is known by its fingerprint: a hash of its version, its parameters and the fingerprints of
the steps that it reads from. When the same fingerprint was recorded and the files are still there,
the step is skipped; anything else builds it again.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from saetui.store.atomic import write_json
from saetui.store.hashes import remembered_sha256, sha256_of
from saetui.store.json_files import parse_json, read_regular_file
from saetui.store.manifest import BUILD_LOG, FileRecord
from saetui.store.swap import link_file


def fingerprint(step: str, version: int, **inputs: object) -> str:
    """Hash of a step and everything that decides what it makes; inputs are JSON values."""
    text = json.dumps([step, version, inputs], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class StepRecord:
    """A finished step.

    Attributes:
        fingerprint: Of what it was made from.
        files: What it made, by path in the bundle.
        facts: What it found out, for the manifest and for later steps.
        identity: Stands for what it made, if the fingerprint does not.
    """

    fingerprint: str
    files: dict[str, FileRecord]
    facts: dict[str, Any] = field(default_factory=dict)
    identity: str = ""

    @property
    def made(self) -> str:
        """What stands for the files that it made."""
        return self.identity or self.fingerprint


def space_of(embeddings: StepRecord) -> str:
    """What stands for the model that made embeddings; bundles from before it was kept had one."""
    return str(embeddings.facts.get("space") or embeddings.fingerprint)


class BuildLog:
    """The finished steps of one bundle's folder, kept in a file there.

    Args:
        folder: Of the bundle; a log that cannot be read counts as empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: dict[str, StepRecord] = {}
        try:
            values = parse_json(read_regular_file(folder / BUILD_LOG).decode())
            for name, step in values["steps"].items():
                files = {path: FileRecord(**record) for path, record in step["files"].items()}
                facts, identity = step["facts"], step.get("identity", "")
                self.steps[name] = StepRecord(step["fingerprint"], files, facts, identity)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.steps = {}

    def whole(self, step: str) -> StepRecord | None:
        """A step whose files are as they were written; None if it has none or they are not."""
        record = self.steps.get(step)
        if record is None or not self.finished(step, record.fingerprint):
            return None
        same = (remembered_sha256(self.folder / p) == f.sha256 for p, f in record.files.items())
        return record if all(same) else None

    def finished(self, step: str, wanted: str) -> bool:
        """Whether a step was finished with this fingerprint, and its files are still in place."""
        record = self.steps.get(step)
        if record is None or record.fingerprint != wanted:
            return False
        return all(_size(self.folder / path) == file.size for path, file in record.files.items())

    def record(
        self,
        step: str,
        made_from: str,
        files: Iterable[str],
        facts: dict[str, Any],
        identity: str = "",
    ) -> None:
        """Note that a step is finished; from now on it is skipped."""
        records = {
            path: FileRecord((self.folder / path).stat().st_size, sha256_of(self.folder / path))
            for path in files
        }
        self.steps[step] = StepRecord(made_from, records, facts, identity)
        self.write()

    def take_over(self, step: str, other: "BuildLog") -> None:
        """Link the files of a step that another folder holds, and note the step as finished."""
        record = other.steps[step]
        for path in record.files:
            link_file(other.folder / path, self.folder / path)
        self.steps[step] = record
        self.write()

    def keep_only(self, steps: Iterable[str]) -> None:
        """Drop all other steps."""
        kept = set(steps)
        self.steps = {name: record for name, record in self.steps.items() if name in kept}
        self.write()

    def as_json(self) -> dict[str, Any]:
        """The log as its file holds it."""
        return {"steps": {name: asdict(step) for name, step in self.steps.items()}}

    def write(self) -> None:
        """Write the log."""
        write_json(self.folder / BUILD_LOG, self.as_json())

    def files(self) -> dict[str, FileRecord]:
        """Every file of every step."""
        return {path: file for step in self.steps.values() for path, file in step.files.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
