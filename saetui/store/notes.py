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
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from saetui.errors import InputError
from saetui.paths import data_dir
from saetui.store.atomic import named_if_unwritable

NOTES = "notes.jsonl"

_WHEN_UNWRITABLE = "Free some space or mend the permissions. What you said is kept until then."

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

    def told(self, kind: Kind, text: str) -> "FeatureNotes":
        """The same after one more entry."""
        if kind == "label":
            return replace(self, label=text)
        if kind == "note":
            return replace(self, note=text)
        if kind == "bookmark":
            return replace(self, bookmark=bool(text))
        if not text:
            return self
        version = {abs(int(text))}
        taken_back = text.startswith("-")
        return replace(
            self, rejected=self.rejected - version if taken_back else self.rejected | version
        )


@dataclass
class Notes:
    """The notes on one bundle.

    Attributes:
        path: Where they are kept.
        entries: In the order in which they were made.
        unread: How many lines could not be understood; they stay in the file.
        unwritten: The last of the entries, as long as they are not on disk.
    """

    path: Path
    entries: list[Entry] = field(default_factory=list)
    unread: int = 0
    unwritten: list[Entry] = field(default_factory=list)
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

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

    def say(self, sae: str, feature: int, kind: Kind, text: str) -> None:
        """Say something about a feature; `write` puts it on disk."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry = Entry(sae, feature, kind, text.strip(), now)
        self.entries.append(entry)
        self.unwritten.append(entry)

    def write(self) -> None:
        """Put what was said on disk, in the order in which it was said; any thread may do so.

        What cannot be written is tried again with what is said next.

        Raises:
            InputError: It cannot be written.
        """
        with self._writing:
            entries = self.unwritten[:]
            if not entries:
                return
            with named_if_unwritable(self.path, _WHEN_UNWRITABLE):
                self._append("".join(f"{line_of(entry)}\n" for entry in entries))
            del self.unwritten[: len(entries)]

    def _append(self, lines: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+", buffering=0) as handle:
            before = handle.tell()
            # A line that was cut short must not swallow the first of these.
            whole = before == 0 or _ends_a_line(self.path)
            data = ("" if whole else "\n").encode() + lines.encode("utf-8", "replace")
            try:
                while data:
                    data = data[handle.write(data) :]
                os.fsync(handle.fileno())
            except OSError:
                # Tried again as a whole, no entry is there twice.
                with contextlib.suppress(OSError):
                    handle.truncate(before)
                raise

    def of_sae(self, sae: str) -> dict[int, FeatureNotes]:
        """What is said about the features of one SAE, by number."""
        found: dict[int, FeatureNotes] = {}
        for entry in self.entries:
            if entry.sae == sae:
                before = found.get(entry.feature, FeatureNotes())
                found[entry.feature] = before.told(entry.kind, entry.text)
        return dict(sorted(found.items()))


def line_of(entry: Entry) -> str:
    """The entry as a line of the file, without its end."""
    return json.dumps(asdict(entry), ensure_ascii=False)


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
