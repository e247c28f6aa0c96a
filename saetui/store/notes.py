"""What the reader says about features: own labels, verdicts, bookmarks and notes.

They lie in `notes.jsonl`, one entry a line in the order in which they were made, so that the file
can be read, compared and merged by hand. The newest entry of a kind counts; an empty text takes
back what an earlier one said. Nothing in a bundle is changed by them.
"""

import contextlib
import datetime
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

from saetui.errors import InputError
from saetui.paths import data_dir

NOTES = "notes.jsonl"

Kind = Literal["label", "rejected", "bookmark", "note"]
_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said about one feature.

    Attributes:
        sae: Name of the SAE.
        feature: Its number.
        kind: "label": what the reader calls it; "rejected": number of a label that is wrong;
            with a minus before it if it is not wrong after all; "bookmark": any text; "note": free
            text.
        text: What is said; empty takes it back.
        at: When, in ISO format.
    """

    sae: str
    feature: int
    kind: Kind
    text: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class FeatureNotes:
    """What stands at the end of all entries about one feature.

    Attributes:
        label: The reader's own, or empty.
        rejected: Versions of labels that the reader finds wrong.
        bookmark: Whether there is one.
        note: Free text, or empty.
    """

    label: str = ""
    rejected: frozenset[int] = frozenset()
    bookmark: bool = False
    note: str = ""


@dataclass
class Notes:
    """The notes on one bundle.

    Attributes:
        path: Where they are kept.
        entries: In the order in which they were made.
        unread: How many lines could not be understood; they stay in the file.
    """

    path: Path
    entries: list[Entry] = field(default_factory=list)
    unread: int = 0

    @classmethod
    def of_bundle(cls, bundle: Path) -> "Notes":
        """The notes on a bundle: inside it, or where it cannot be written, in a folder of the user.

        Raises:
            InputError: The file is there but cannot be read.
        """
        inside = bundle / NOTES
        name = hashlib.sha256(os.fsencode(bundle.resolve())).hexdigest()[:16]
        elsewhere = data_dir() / "notes" / f"{name}.jsonl"
        writable = os.access(inside if inside.exists() else bundle, os.W_OK)
        notes = cls(inside if writable else elsewhere)
        notes._read(inside)
        # A folder that belongs to somebody else holds no notes of this reader.
        with contextlib.suppress(InputError):
            notes._read(elsewhere)
        return notes

    def _read(self, path: Path) -> None:
        try:
            text = path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror or error}).", "Mend its permissions."
            ) from None
        for line in text.split("\n"):
            if line.strip():
                entry = _entry(line)
                self.entries += [] if entry is None else [entry]
                self.unread += entry is None

    def add(self, sae: str, feature: int, kind: Kind, text: str) -> None:
        """Say something about a feature; it is on disk when this returns.

        Raises:
            InputError: It cannot be written.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry = Entry(sae, feature, kind, text.strip(), now)
        line = json.dumps(asdict(entry), ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as handle:
                # A line that was cut short must not swallow this one.
                whole = handle.tell() == 0 or _ends_a_line(self.path)
                text_line = ("" if whole else "\n") + line + "\n"
                handle.write(text_line.encode("utf-8", "replace"))
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written ({error.strerror or error}).",
                "Free some space or mend the permissions.",
            ) from None
        self.entries.append(entry)

    def of_sae(self, sae: str) -> dict[int, FeatureNotes]:
        """What is said about the features of one SAE, by number."""
        found: dict[int, dict[str, str]] = {}
        rejected: dict[int, set[int]] = {}
        for entry in self.entries:
            if entry.sae != sae:
                continue
            if entry.kind == "rejected":
                versions = rejected.setdefault(entry.feature, set())
                if entry.text:
                    versions.add(abs(int(entry.text)))
                    if entry.text.startswith("-"):
                        versions.discard(abs(int(entry.text)))
                continue
            found.setdefault(entry.feature, {})[entry.kind] = entry.text
        return {
            feature: FeatureNotes(
                label=found.get(feature, {}).get("label", ""),
                rejected=frozenset(rejected.get(feature, ())),
                bookmark=bool(found.get(feature, {}).get("bookmark")),
                note=found.get(feature, {}).get("note", ""),
            )
            for feature in sorted({*found, *rejected})
        }


def _entry(line: str) -> Entry | None:
    """The entry on a line; None if it is none."""
    try:
        values = json.loads(line)
        kind = next(each for each in _KINDS if each == values["kind"])
        sae, feature, text = values["sae"], values["feature"], values["text"]
        at = values.get("at", "")
    except (ValueError, TypeError, KeyError, StopIteration, AttributeError, RecursionError):
        return None
    if not (isinstance(sae, str) and isinstance(text, str) and type(feature) is int):
        return None
    if kind == "rejected" and text and not text.lstrip("-").isdecimal():
        return None
    return Entry(sae, feature, kind, text, str(at))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"
