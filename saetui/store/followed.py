"""Notes and saved searches follow their features when an SAE is replaced.

A note names a feature of one SAE. Where the bundle has that SAE, it is about the feature of that
number. Where the SAE was replaced, the feature is looked for in the new one by its direction and
its documents; what is not found there stays in the file, and is listed.

A saved search names features by number. `of` says of which SAE, and `known` what each is known by:

    {"saetui_preset": 1, "sae": "k64-n3072", "of": "1f17c80fa38ecd72",
     "known": {"12": {"direction": "f4B/...", "documents": ["0708.0254", ...]}},
     "search": {"changes": [{"feature": 12, ...}], "muted": [3]}}
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from saetui.core.matches import Anchor, Match, follow
from saetui.errors import BundleDamaged, SaetuiError
from saetui.store.atomic import write_json
from saetui.store.bundle import Bundle
from saetui.store.former_features import anchor_from_json, anchor_of, anchor_to_json, rows_of
from saetui.store.json_files import read_json
from saetui.store.notes import Describe, Entry, FeatureNotes, FormerFeature, Notes
from saetui.store.stored_sae import StoredSae

Key = tuple[str, str, int]
"""Name and fingerprint of an SAE, and the number of a feature."""


@dataclass
class Thread:
    """Everything that was said about one feature of one SAE.

    Attributes:
        sae: Name of the SAE.
        of: Fingerprint of the SAE; empty where it is not known.
        feature: Its number.
        notes: What stands at the end.
        rejected: Labels that were found wrong, by their text.
        anchor: What the feature is known by.
        moved: Whether it was about a feature of an earlier SAE first.
        unsigned: Whether an entry does not say of which SAE it is, and no later one says it.
    """

    sae: str
    of: str
    feature: int
    notes: FeatureNotes = field(default_factory=FeatureNotes)
    rejected: set[str] = field(default_factory=set)
    anchor: Anchor = field(default_factory=lambda: Anchor(None, ()))
    moved: bool = False
    unsigned: bool = False

    @property
    def says_something(self) -> bool:
        """Whether not everything was taken back."""
        return bool(self.rejected) or replace(self.notes, former=None) != FeatureNotes()

    def tell(self, entry: Entry) -> None:
        """Take in one more entry."""
        self.notes = self.notes.told(entry)
        if entry.kind == "rejected" and entry.about:
            (self.rejected.discard if entry.text.startswith("-") else self.rejected.add)(
                entry.about
            )
        if entry.direction or entry.documents:
            self.anchor = anchor_from_json(
                {"direction": entry.direction, "documents": list(entry.documents)}
            )


@dataclass(frozen=True)
class Unmatched:
    """What was said about a feature that no SAE of the bundle has any more.

    `nearest` is what comes nearest to it in the SAE that has taken the place of its own; None if
    there is nothing to compare by.
    """

    thread: Thread
    nearest: Match | None = None


@dataclass(frozen=True)
class NotesOnSae:
    """The notes on the features of one SAE, by number.

    `following` are features whose notes were made on features of an earlier SAE, `unmatched` notes
    on features that are gone.
    """

    notes: Mapping[int, FeatureNotes]
    following: frozenset[int]
    unmatched: Sequence[Unmatched]


def threads(entries: Sequence[Entry], bundle: Bundle) -> dict[Key, Thread]:
    """Sort entries by the feature that they are about."""
    signed_later: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for entry in entries:
        if entry.kind == "followed" and not FormerFeature.from_text(entry.text).of:
            signed_later.setdefault((entry.sae, entry.feature), []).append((entry.at, entry.of))
    found: dict[Key, Thread] = {}
    for entry in entries:
        of, signed = entry.of, True
        if not of:
            later = signed_later.get((entry.sae, entry.feature), ())
            of = min((each for each in later if each[0] >= entry.at), default=("", ""))[1]
            signed = bool(of)
            of = of or _present(bundle, entry)
        key = entry.sae, of, entry.feature
        thread = found.setdefault(key, Thread(*key))
        if entry.kind == "followed":
            former = FormerFeature.from_text(entry.text)
            earlier = former.sae, former.of, former.feature
            before = found.pop(earlier, None) if former.of else None
            if before is not None:
                notes = replace(before.notes, rejected=frozenset(), former=former)
                thread.notes, thread.rejected, thread.moved = notes, before.rejected, True
        thread.tell(entry)
        thread.unsigned = thread.unsigned or not signed
    return found


def _present(bundle: Bundle, entry: Entry) -> str:
    """Fingerprint of the SAE that an entry without one is about; empty if it may be an earlier."""
    record = next((sae for sae in bundle.manifest.saes if sae.name == entry.sae), None)
    if record is None:
        return ""
    replaced = str(record.metrics.get("replaced_on", ""))
    return "" if replaced and entry.at[: len(replaced)] <= replaced else bundle.sae(entry.sae).of


def notes_on(bundle: Bundle, sae: StoredSae, book: Notes) -> NotesOnSae:
    """The notes on the features of an SAE, those on its predecessors among them.

    The first SAE of a bundle also takes over notes on SAEs that the bundle has lost.
    """
    own: dict[int, FeatureNotes] = {}
    former: list[Thread] = []
    names = {record.name for record in bundle.manifest.saes}
    first = sae.record.name == bundle.manifest.saes[0].name
    for thread in threads(book.entries, bundle).values():
        if thread.sae == sae.record.name and thread.of == sae.of:
            if 0 <= thread.feature < sae.record.n:
                own[thread.feature] = _expressed(thread, sae, thread.feature)
            continue
        replaced = thread.sae == sae.record.name or (first and thread.sae not in names)
        if replaced and thread.says_something:
            former.append(thread)
    direct = set(own)
    unmatched = _follow(bundle, sae, former, own) if former else []
    return NotesOnSae(dict(sorted(own.items())), frozenset(set(own) - direct), unmatched)


def _follow(
    bundle: Bundle, sae: StoredSae, former: Sequence[Thread], own: dict[int, FeatureNotes]
) -> list[Unmatched]:
    """Put notes on features of earlier SAEs where they belong now; returns the others."""
    known = [thread for thread in former if not thread.anchor.says_nothing]
    unmatched = [Unmatched(thread) for thread in former if thread.anchor.says_nothing]
    if not known:
        return unmatched
    taken = set(own)
    found, nearest = follow(
        [thread.anchor for thread in known],
        [rows_of(thread.anchor, bundle.documents) for thread in known],
        sae.weights.directions,
        sae.codes,
        taken,
    )
    for thread, match, near in zip(known, found, nearest, strict=True):
        if match is None:
            unmatched.append(Unmatched(thread, near))
            continue
        origin = FormerFeature(thread.sae, thread.of, thread.feature, match.cosine)
        thread.notes = replace(thread.notes, rejected=frozenset(), former=origin)
        thread.moved = True
        own[match.feature] = _expressed(thread, sae, match.feature)
    return unmatched


def _expressed(thread: Thread, sae: StoredSae, feature: int) -> FeatureNotes:
    """Notes on a feature; verdicts on labels of an earlier SAE hold for the same words."""
    notes = thread.notes
    if thread.moved and thread.rejected:
        same = {each.version for each in sae.labels(feature) if each.text in thread.rejected}
        notes = replace(notes, rejected=notes.rejected | same)
    return notes


def describe(bundle: Bundle) -> Describe:
    """What gives the fields of an entry that its feature is known by."""

    def known_by(name: str, feature: int) -> Mapping[str, Any]:
        sae = bundle.sae(name)
        directions, documents = sae.weights.directions, bundle.documents
        return anchor_to_json(anchor_of(feature, directions, sae.postings, documents))

    return known_by


def sign_notes(bundle: Bundle, book: Notes, names: Iterable[str] | None = None) -> None:
    """Have entries from before SAEs had fingerprints say of which SAE they are, and write that.

    Nothing in the file is changed; lines are added. `names` are of the SAEs that are meant; None
    for all.

    Raises:
        InputError: The notes cannot be written.
    """
    wanted = None if names is None else set(names)
    for thread in threads(book.entries, bundle).values():
        if not (thread.unsigned and thread.of) or (wanted is not None and thread.sae not in wanted):
            continue
        if not 0 <= thread.feature < bundle.sae(thread.sae).record.n:
            continue
        sae, feature, of = thread.sae, thread.feature, thread.of
        book.say(sae, feature, "followed", FormerFeature(sae, "", feature).as_text(), of=of)
        if thread.notes.rejected:
            labels = {each.version: each.text for each in bundle.sae(sae).labels(feature)}
            for version in sorted(thread.notes.rejected):
                about = labels.get(version, "")
                book.say(sae, feature, "rejected", str(version), of=of, about=about)
    book.write(describe(bundle))


Json = dict[str, Any]
# Where the filter of a search lists features.
_FILTER_LISTS = ("having", "lacking", "active")


def features_in(searches: Iterable[Mapping[str, Any]]) -> list[int]:
    """Numbers of the features that searches name, ascending; what is no number is passed over."""
    found: set[object] = set()
    for search in searches:
        found |= {change.get("feature") for change in _changes(search)}
        found |= {search.get("solo")}
        for listed in (search.get("muted"), *map(_filter(search).get, _FILTER_LISTS)):
            found |= set(_numbers(listed))
    return sorted(each for each in found if type(each) is int)


def renumbered(search: Mapping[str, Any], now: Mapping[int, int]) -> Json:
    """A search in which features have other numbers; those without one are left out."""
    changed = dict(search)
    if "changes" in search:
        changed["changes"] = [
            {**change, "feature": now[change["feature"]]}
            for change in _changes(search)
            if change.get("feature") in now
        ]
    if "solo" in search:
        changed["solo"] = now.get(search["solo"])
    if "muted" in search:
        changed["muted"] = _renumbered(search["muted"], now)
    if "filter" in search:
        lists = {n: _renumbered(f, now) for n, f in _filter(search).items() if n in _FILTER_LISTS}
        changed["filter"] = {**_filter(search), **lists}
    return changed


def known_features(bundle: Bundle, sae: str, features: Iterable[int]) -> dict[str, Any]:
    """What features are known by, by their numbers as text."""
    known_by = describe(bundle)
    return {str(feature): dict(known_by(sae, feature)) for feature in features}


def sign_presets(bundle: Bundle, folder: Path, names: Collection[str]) -> int:
    """Have presets from before `of` was kept say which features they mean; returns how many.

    `names` are of the SAEs that are meant. Other files in the folder are passed over.
    """
    signed = 0
    for path in sorted(folder.glob("*.json")):
        try:
            value = read_json(path)
        except BundleDamaged:
            continue
        if not isinstance(value, dict) or "saetui_preset" not in value or value.get("of"):
            continue
        name = str(value.get("sae"))
        if name not in names:
            continue
        sae = bundle.sae(name)
        searches = [each for each in _searches(value) if isinstance(each, dict)]
        features = [each for each in features_in(searches) if 0 <= each < sae.record.n]
        try:
            known = known_features(bundle, name, features)
        except SaetuiError:
            continue
        write_json(path, {**value, "of": sae.of, "known": known})
        signed += 1
    return signed


def _searches(preset: Mapping[str, Any]) -> list[Any]:
    history = preset.get("history")
    return [*(history if isinstance(history, list) else ()), preset.get("search")]


def _changes(search: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    changes = search.get("changes")
    return [each for each in changes if isinstance(each, dict)] if isinstance(changes, list) else []


def _filter(search: Mapping[str, Any]) -> Mapping[str, Any]:
    found = search.get("filter")
    return found if isinstance(found, dict) else {}


def _numbers(value: object) -> list[int]:
    return [each for each in value if type(each) is int] if isinstance(value, list) else []


def _renumbered(value: object, now: Mapping[int, int]) -> list[int]:
    return [now[each] for each in _numbers(value) if each in now]
