"""Bring the documents of a bundle in line with a corpus that has changed."""

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import Content, CorpusChanges, Document, corpus_changes
from saetui.errors import InputError
from saetui.store import layout
from saetui.store.atomic import atomic_write
from saetui.store.documents import DocumentStore, change_documents, content_of
from saetui.store.swap import link_file

_CHANGES = "changes.npz"
_SPOOL = "changed-documents.jsonl"
# Ids that a message names.
_SHOWN = 5


def can_be_changed(documents: Path) -> bool:
    """Whether documents of a bundle can be changed; very early bundles lack what that takes."""
    with contextlib.closing(DocumentStore(documents)) as store:
        return store.facts is not None


def change_corpus(
    before: Path, target: Path, work: Path, corpus: Iterable[Document], made_from: str
) -> CorpusChanges:
    """Write the documents of a new corpus, of which most are as in an old one.

    Documents that were added to the old one otherwise than with its corpus stay.

    Args:
        before: Folder of the bundle.
        target: Folder that the new documents are written to.
        work: Folder for unfinished work; what has changed is kept there for later steps.
        corpus: The new corpus, which is read once.
        made_from: Fingerprint of the new corpus.
    """
    with contextlib.closing(DocumentStore(before / layout.DOCUMENTS)) as old:
        contents, added = list(old.contents()), old.added()
        with _Spool(work / _SPOOL, contents) as spool:
            changes = corpus_changes(contents, spool.take(corpus), set(added.tolist()))
            if changes.nothing:
                link_file(before / layout.DOCUMENTS, target / layout.DOCUMENTS)
            else:
                _write(target, old, changes, spool, np.flatnonzero(changes.position < 0))
    save_changes(work, changes, made_from)
    return changes


def extend_corpus(
    before: Path,
    target: Path,
    work: Path,
    more: Iterable[Document],
    made_from: str,
    *,
    removed: Collection[str],
    may_replace: bool,
) -> CorpusChanges:
    """Write the documents of a bundle with some more, and without some.

    Args:
        before: Folder of the bundle.
        target: Folder that the documents are written to.
        work: Folder for unfinished work; what has changed is kept there for later steps.
        more: Documents to add, which are read once.
        made_from: Fingerprint of the change.
        removed: Ids of documents to remove.
        may_replace: Whether documents that say something else take the place of those with their
            ids.

    Raises:
        InputError: A document to remove is not there, or one would be replaced that may not.
    """
    with contextlib.closing(DocumentStore(before / layout.DOCUMENTS)) as old:
        contents, added = list(old.contents()), old.added()
        rows = {content.id: row for row, content in enumerate(contents)}
        _check_ids(removed, rows, "There is no document {} in the bundle.", "Check the ids.")
        with _Spool(work / _SPOOL, contents) as spool:
            new = spool.take(more)
            both = [content.id for content in new if content.id in removed]
            _check_ids(both, (), "{} is to be added and to be removed.", "Decide on one.")
            if not may_replace:
                whole = {content.id: content.whole for content in contents}
                others = [c.id for c in new if whole.get(c.id, c.whole) != c.whole]
                sentence = "The bundle has another document {} already."
                _check_ids(others, (), sentence, "With --replace the new one takes its place.")
            staying = set(range(len(contents))) - {rows[each] for each in removed}
            changes = corpus_changes(contents, new, staying)
            if not len(changes.origin):
                raise InputError("No document would be left.", "A bundle needs at least one.")
            if changes.nothing:
                link_file(before / layout.DOCUMENTS, target / layout.DOCUMENTS)
            else:
                late = changes.kept(added).tolist() + np.flatnonzero(changes.came_from < 0).tolist()
                _write(target, old, changes, spool, np.array(sorted(late), dtype=np.int64))
    save_changes(work, changes, made_from)
    return changes


def _check_ids(ids: Collection[str], known: Collection[str], sentence: str, hint: str) -> None:
    """Raise InputError about the ids that are not known."""
    unknown = sorted(set(ids) - set(known))
    if unknown:
        shown = ", ".join(f"'{each}'" for each in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        raise InputError(sentence.format(shown + more), hint)


def _write(
    target: Path,
    old: DocumentStore,
    changes: CorpusChanges,
    spool: "_Spool",
    added: NDArray[np.int64],
) -> None:
    change_documents(
        target / layout.DOCUMENTS,
        old,
        cleared=changes.cleared.tolist(),
        written=spool.written(changes, old),
        added=added.tolist(),
    )


class _Spool:
    """Keeps documents that differ from the old ones on disk until it is known where they go."""

    def __init__(self, path: Path, old: Iterable[Content]) -> None:
        self._path = path
        self._old = {content.id: content.whole for content in old}
        self._starts: dict[int, int] = {}

    def __enter__(self) -> "_Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    def take(self, corpus: Iterable[Document]) -> list[Content]:
        """Read a corpus; what its documents say, in their order."""
        contents = []
        with self._path.open("wb") as handle:
            for place, document in enumerate(corpus):
                content = content_of(document)
                if self._old.get(content.id) != content.whole:
                    self._starts[place] = handle.tell()
                    values = [getattr(document, each.name) for each in fields(Document)]
                    values[-1] = dict(document.metadata)
                    handle.write(json.dumps(values).encode() + b"\n")
                contents.append(content)
        return contents

    def written(self, changes: CorpusChanges, old: DocumentStore) -> Iterator[tuple[int, Document]]:
        """Every document that must be written, by row."""
        with self._path.open("rb") as handle:
            for row in changes.written.tolist():
                start = self._starts.get(int(changes.position[row]))
                if start is None:
                    # It is as it was, and only moves.
                    yield row, old.document(int(changes.came_from[row]))
                    continue
                handle.seek(start)
                yield row, Document(*json.loads(handle.readline()))


def save_changes(work: Path, changes: CorpusChanges, made_from: str) -> None:
    """Keep in a folder of work how rows follow from those of the bundle."""
    values = {each.name: getattr(changes, each.name) for each in fields(CorpusChanges)}
    with atomic_write(work / _CHANGES) as temporary, temporary.open("wb") as handle:
        np.savez(handle, made_from=made_from, **values)


def load_changes(work: Path, made_from: str) -> CorpusChanges | None:
    """What `save_changes` kept of documents with this fingerprint; None if there is nothing."""
    path = work / _CHANGES
    if not path.exists():
        return None
    with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
        values = {name: archive[name] for name in archive.files}
    if str(values.pop("made_from")) != made_from:
        return None
    arrays: dict[str, Any] = {
        name: value if value.ndim else int(value) for name, value in values.items()
    }
    return CorpusChanges(**arrays)


def forget_changes(work: Path) -> None:
    """Drop what was kept."""
    (work / _CHANGES).unlink(missing_ok=True)
