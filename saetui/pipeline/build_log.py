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
from saetui.store.hashes import sha256_of
from saetui.store.json_files import parse_json, read_regular_file
from saetui.store.manifest import BUILD_LOG, FileRecord


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
        facts: What it found out, for the manifest.
    """

    fingerprint: str
    files: dict[str, FileRecord]
    facts: dict[str, Any] = field(default_factory=dict)


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
                self.steps[name] = StepRecord(step["fingerprint"], files, step["facts"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.steps = {}

    def finished(self, step: str, wanted: str) -> bool:
        """Whether a step was finished with this fingerprint, and its files are still in place."""
        record = self.steps.get(step)
        if record is None or record.fingerprint != wanted:
            return False
        return all(_size(self.folder / path) == file.size for path, file in record.files.items())

    def record(
        self, step: str, made_from: str, files: Iterable[str], facts: dict[str, Any]
    ) -> None:
        """Note that a step is finished; from now on it is skipped."""
        records = {
            path: FileRecord((self.folder / path).stat().st_size, sha256_of(self.folder / path))
            for path in files
        }
        self.steps[step] = StepRecord(made_from, records, facts)
        self.write()

    def forget(self, step: str) -> None:
        """Drop a step that is no longer part of the bundle."""
        self.steps.pop(step, None)

    def write(self) -> None:
        """Write the log."""
        steps = {name: asdict(step) for name, step in self.steps.items()}
        write_json(self.folder / BUILD_LOG, {"steps": steps})

    def files(self) -> dict[str, FileRecord]:
        """Every file of every step."""
        return {path: file for step in self.steps.values() for path, file in step.files.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
