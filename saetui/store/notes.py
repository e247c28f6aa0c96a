"""What the reader says about features: own labels, verdicts, judgements, bookmarks and notes.

They lie in `notes.jsonl`, one entry a line in the order in which they were made, so that the file
can be read, compared and merged by hand. The newest entry of a kind counts; an empty text takes
back what an earlier one said. Nothing in a bundle is changed by them.

A number names a feature only as long as the SAE is the same. So every entry says of which SAE it
is (`of`), and carries what the feature is known by: its direction, and its strongest documents.
`saetui.store.followed` finds the feature again when the SAE was replaced.
"""

import contextlib
import datetime
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from saetui.errors import InputError, SaetuiError
from saetui.store.atomic import append_lines, named_if_unwritable, own_file
from saetui.store.json_files import read_regular_file

NOTES = "notes.jsonl"
_MOST_BYTES = 32 << 20
_VERSION = re.compile("-?[0-9]{1,9}")

_WHEN_UNWRITABLE = "Free some space or mend the permissions. What you said is kept until then."

Kind = Literal["label", "rejected", "bookmark", "note", "judged"]
"""What a person can say about a feature."""

EntryKind = Literal["label", "rejected", "bookmark", "note", "judged", "followed"]
_KINDS: tuple[EntryKind, ...] = get_args(EntryKind)

# An entry with empty ones of these is written as it was before they were kept.
_LATER_FIELDS = ("of", "about", "document", "documents", "direction")

TRUE, UNTRUE = "true", "untrue"
"""Texts of an entry of the kind "judged": the label is true of the document, or it is not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said about one feature.

    Attributes:
        sae: Name of the SAE.
        feature: Its number.
        kind: "label": what the reader calls it; "rejected": number of a label that is wrong;
            with a minus before it if it is not wrong after all; "bookmark": any text; "note": free
            text; "judged": whether a label is true of a document; "followed": see
            `FormerFeature`.
        text: What is said; empty takes it back.
        at: When, in ISO format.
        of: Fingerprint of the SAE; empty in entries from before it was kept.
        about: Of a verdict or a judgement, the label that it is about.
        document: Of a judgement, the id of the document.
        documents: Ids of the feature's strongest documents.
        direction: The feature's direction, as `saetui.store.former_features` writes it.
    """

    sae: str
    feature: int
    kind: EntryKind
    text: str
    at: str = ""
    of: str = ""
    about: str = ""
    documents: tuple[str, ...] = ()
    direction: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class FormerFeature:
    """The feature that was meant before the SAE was replaced.

    An entry of the kind "followed" says that everything that was said about this feature is now
    about the feature of the entry.

    `cosine` is that of the two directions; None if they could not be compared. `of` is the
    fingerprint of the former SAE.
    """

    sae: str
    of: str
    feature: int
    cosine: float | None = None

    @property
    def sentence(self) -> str:
        """Where notes on a feature come from, for the reader."""
        how = "by its documents" if self.cosine is None else f"cosine {self.cosine:.2f}"
        return f"Said of feature {self.feature} of an earlier {self.sae}, which it matches ({how})."

    def as_text(self) -> str:
        """As an entry holds it."""
        cosine = "-" if self.cosine is None else f"{self.cosine:.3f}"
        return f"{self.of or '-'} {self.feature} {cosine} {self.sae}"

    @classmethod
    def from_text(cls, text: str) -> "FormerFeature":
        """From the text of an entry.

        Raises:
            ValueError: It is none.
        """
        of, feature, cosine, sae = text.split(" ", 3)
        known = None if cosine == "-" else float(cosine)
        return cls(sae, "" if of == "-" else of, int(feature), known)


@dataclass(frozen=True, slots=True)
class FeatureNotes:
    """What stands at the end of all entries about one feature.

    Attributes:
        label: The reader's own, or empty.
        rejected: Versions of labels that the reader finds wrong.
        bookmark: Whether there is one.
        note: Free text, or empty.
        former: The feature that this was said about, if the SAE was replaced since; else None.
        judgements: Whether a label is true of a document, by the label and the document's id; in
            the order in which this was said last.
    """

    label: str = ""
    rejected: frozenset[int] = frozenset()
    bookmark: bool = False
    note: str = ""
    former: FormerFeature | None = None
    judgements: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    def judged(self, label: str) -> dict[str, bool]:
        """Whether a label is true of documents, by their ids; empty if none was judged by it."""
        return {of: true for (text, of), true in self.judgements.items() if text == label}

    def told(self, entry: Entry) -> "FeatureNotes":
        """The same after one more entry."""
        kind, text = entry.kind, entry.text
        if kind == "judged":
            judged = dict(self.judgements)
            judged.pop((entry.about, entry.document), None)
            if text:
                judged[entry.about, entry.document] = text == TRUE
            return replace(self, judgements=judged)
        if kind == "label":
            return replace(self, label=text)
        if kind == "note":
            return replace(self, note=text)
        if kind == "bookmark":
            return replace(self, bookmark=bool(text))
        if kind == "followed" or not text:
            return self
        version = {abs(int(text))}
        taken_back = text.startswith("-")
        return replace(
            self, rejected=self.rejected - version if taken_back else self.rejected | version
        )


_State = tuple[int, int, int] | None
"""What tells that a file was changed; None where there is none."""

Describe = Callable[[str, int], Mapping[str, Any]]
"""Gives what a feature of an SAE is known by: the fields `documents` and `direction`."""


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
    _seen: dict[Path, _State] = field(default_factory=dict, repr=False, compare=False)
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def of_bundle(cls, bundle: Path) -> "Notes":
        """The notes on a bundle: inside it, or where it cannot be written, in a folder of the user.

        Raises:
            InputError: The file is there but cannot be read.
        """
        inside, elsewhere, written = own_file(bundle, NOTES)
        notes = cls(written)
        notes._read_both(inside, elsewhere)
        return notes

    @property
    def changed_elsewhere(self) -> bool:
        """Whether another program has written notes since these were read."""
        return any(_state(path) != state for path, state in self._seen.items())

    def read_again(self) -> None:
        """Read what other programs have written; what is not on disk yet comes last.

        Raises:
            InputError: The file is there but cannot be read; the entries stay as they are.
        """
        with self._writing:
            fresh = Notes(self.path)
            try:
                fresh._read_both(*self._seen)
            except InputError:
                # Said once, and not again before the file changes.
                self._seen = {**self._seen, **fresh._seen}
                raise
            self.entries = [*fresh.entries, *self.unwritten]
            self.unread, self._seen = fresh.unread, fresh._seen

    def _read_both(self, inside: Path, elsewhere: Path) -> None:
        self._read(inside)
        # A folder that belongs to somebody else holds no notes of this reader.
        with contextlib.suppress(InputError):
            self._read(elsewhere)

    def _read(self, path: Path) -> None:
        # Looked at before it is read, so that a change in between is noticed later.
        self._seen[path] = _state(path)
        try:
            text = read_regular_file(path, _MOST_BYTES).decode("utf-8", errors="replace")
        except FileNotFoundError:
            return
        except ValueError as error:
            raise InputError(f"{path} cannot be read: {error}.", "Put it elsewhere.") from None
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror or error}).", "Mend its permissions."
            ) from None
        for line in text.split("\n"):
            if line.strip():
                entry = _entry(line)
                self.entries += [] if entry is None else [entry]
                self.unread += entry is None

    def say(
        self,
        sae: str,
        feature: int,
        kind: EntryKind,
        text: str,
        *,
        of: str = "",
        about: str = "",
        document: str = "",
    ) -> Entry:
        """Say something about a feature, see `Entry`; `write` puts it on disk."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry = Entry(sae, feature, kind, text.strip(), now, of, about, document=document)
        self.entries.append(entry)
        self.unwritten.append(entry)
        return entry

    def write(self, describe: Describe | None = None) -> None:
        """Put what was said on disk, in the order in which it was said; any thread may do so.

        What cannot be written is tried again with what is said next.

        Args:
            describe: What features are known by; None leaves that out.

        Raises:
            InputError: It cannot be written.
        """
        with self._writing:
            entries = self.unwritten[:]
            if not entries:
                return
            lines = [line_of(_described(entry, describe)) for entry in entries]
            before = _state(self.path)
            with named_if_unwritable(self.path, _WHEN_UNWRITABLE):
                added = append_lines(self.path, "".join(f"{line}\n" for line in lines))
            del self.unwritten[: len(entries)]
            after = _state(self.path)
            # If another program has written meanwhile, that is still to be read.
            alone = after is not None and after[1] == (before[1] if before else 0) + added
            if alone and self._seen.get(self.path) == before:
                self._seen[self.path] = after


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _described(entry: Entry, describe: Describe | None) -> Entry:
    if describe is None or not entry.of or entry.direction:
        return entry
    try:
        known = describe(entry.sae, entry.feature)
    except SaetuiError:
        # A damaged bundle must not keep what a person said from the disk.
        return entry
    documents = tuple(known.get("documents", ()))
    return replace(entry, documents=documents, direction=str(known.get("direction", "")))


def line_of(entry: Entry) -> str:
    """The entry as a line of the file, without its end."""
    values = asdict(entry)
    later = {name: values.pop(name) for name in _LATER_FIELDS}
    values |= {name: value for name, value in later.items() if value}
    return json.dumps(values, ensure_ascii=False)


def _entry(line: str) -> Entry | None:
    try:
        values = json.loads(line)
        kind = next(each for each in _KINDS if each == values["kind"])
        sae, feature, text = values["sae"], values["feature"], values["text"]
        more = {n: str(values.get(n, "")) for n in ("at", "of", "about", "direction", "document")}
    except (ValueError, TypeError, KeyError, StopIteration, AttributeError, RecursionError):
        return None
    if not (isinstance(sae, str) and isinstance(text, str) and type(feature) is int):
        return None
    if kind == "rejected" and text and not _VERSION.fullmatch(text):
        return None
    if kind == "judged" and text not in ("", TRUE, UNTRUE):
        return None
    if kind == "followed":
        try:
            FormerFeature.from_text(text)
        except ValueError:
            return None
    documents = values.get("documents")
    ids = tuple(str(each) for each in documents) if isinstance(documents, list) else ()
    return Entry(sae, feature, kind, text, documents=ids, **more)
