"""Searches as small JSON files: saved in the app, replayed there, on the command line, in Python.

    {"saetui_preset": 1, "bundle": "astro-ph", "sae": "k64-n3072", "features": 3072,
     "search": {"query": "dark matter", "mode": "delta",
                "changes": [{"feature": 12, "label": "Halos", "operation": "add", "amount": 0.3}]},
     "history": [{"query": "dark matter"}, ...]}

A search holds only what differs from `SearchRequest`'s defaults. A document to start from is named
by its id, since rows change when a corpus is built anew; features by number and by label, so that
opening a preset can tell that a number means something else now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from saetui.core.changes import MODES, Change, Operation
from saetui.errors import InputError, SaetuiError
from saetui.session.requests import DocumentFilter, Retrieval, SearchRequest
from saetui.session.session import Session
from saetui.store.atomic import write_json
from saetui.store.json_files import briefly, read_json

FORMAT = 1
_HINT = "Save it again with: saetui search ... --save-preset FILE"


@dataclass(frozen=True)
class Preset:
    """A search read from a file, before it is known whether it fits a bundle.

    Attributes:
        path: Of the file.
        bundle: Name of the bundle that it was made with.
        sae: Name of the SAE that its features belong to.
        features: How many that SAE has.
        search: The search, as in the file.
        history: The searches that led to it, oldest first, as in the file.
    """

    path: Path
    bundle: str
    sae: str
    features: int
    search: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class OpenedPreset:
    """A preset that fits a session.

    Attributes:
        request: The search.
        history: The searches that led to it, oldest first.
        warnings: What is not as it was when the preset was saved.
    """

    request: SearchRequest
    history: tuple[SearchRequest, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def save_preset(
    path: Path, session: Session, request: SearchRequest, history: Sequence[SearchRequest] = ()
) -> None:
    """Write a search, and how it came about, to a file.

    Args:
        path: Of the file; one that is there is replaced.
        session: What was searched.
        request: The search.
        history: The searches that led to it, oldest first.

    Raises:
        InputError: The file cannot be written.
    """
    value = {
        "saetui_preset": FORMAT,
        "bundle": session.bundle.manifest.name,
        "sae": session.sae.record.name,
        "features": session.sae.record.n,
        "search": _to_json(session, request),
        **({"history": [_to_json(session, each) for each in history]} if history else {}),
    }
    try:
        write_json(path, value)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}).", "Choose another place."
        ) from None


def read_preset(path: Path) -> Preset:
    """Read a preset; `open_preset` then makes it a search of a session.

    Raises:
        InputError: It is no preset that this version can read.
    """
    try:
        value = read_json(path)
    except SaetuiError as error:
        raise InputError(error.message, "Name a preset that was saved by saetui.") from None
    if not isinstance(value, dict) or value.get("saetui_preset") != FORMAT:
        newer = isinstance(value, dict) and type(value.get("saetui_preset")) is int
        raise InputError(
            f"{path} is not a preset" + (" that this version can read." if newer else "."),
            "Update saetui." if newer else "Name a file that was saved as a preset.",
        )
    kinds = {"bundle": str, "sae": str, "features": int, "search": dict}
    for name, kind in kinds.items():
        if type(value.get(name)) is not kind:
            raise _bad(path, f"its {name} is {briefly(value.get(name))}")
    history = value.get("history", [])
    if not isinstance(history, list) or not all(isinstance(each, dict) for each in history):
        raise _bad(path, "its history is not a list of searches")
    return Preset(
        path, value["bundle"], value["sae"], value["features"], value["search"], tuple(history)
    )


def open_preset(preset: Preset, session: Session) -> OpenedPreset:
    """A preset as searches of a session.

    Raises:
        InputError: It belongs to another SAE, names what the bundle does not have, or holds what
            no search can.
    """
    record = session.sae.record
    if (preset.sae, preset.features) != (record.name, record.n):
        raise InputError(
            f"{preset.path} was saved for the SAE {preset.sae} with {preset.features:,} features, "
            f"but {record.name} with {record.n:,} is open.",
            f"Open the bundle with: --sae {preset.sae}"
            if preset.sae != record.name
            else "Its features mean other things; make the preset anew.",
        )
    warnings = []
    if preset.bundle != session.bundle.manifest.name:
        warnings.append(
            f"The preset was saved for the bundle {preset.bundle}; this one is "
            f"{session.bundle.manifest.name}, so that documents and features may differ."
        )
    changed: dict[int, str] = {}
    request = _from_json(preset.path, session, preset.search, changed)
    history = tuple(_from_json(preset.path, session, each, changed) for each in preset.history)
    for feature, label in sorted(changed.items()):
        now = session.features[feature].name
        warnings.append(f"Feature {feature} was called '{label}' and is now called '{now}'.")
    return OpenedPreset(request, history, tuple(warnings))


def _to_json(session: Session, request: SearchRequest) -> dict[str, Any]:
    value: dict[str, Any] = {}
    plain = SearchRequest()
    for each in fields(SearchRequest):
        found = getattr(request, each.name)
        if each.name in ("steering", "like", "filter") or found == getattr(plain, each.name):
            continue
        value[each.name] = list(found) if isinstance(found, tuple) else found
    if request.like is not None:
        value["document"] = session.bundle.documents.headings([request.like])[request.like][0]
    if request.steering:
        value["changes"] = [
            {
                "feature": feature,
                "label": session.features[feature].label,
                "operation": change.operation,
                "amount": change.amount,
            }
            for feature, change in request.steering.items()
        ]
    if request.filter != DocumentFilter():
        value["filter"] = _filter_to_json(request.filter)
    return value


def _filter_to_json(wanted: DocumentFilter) -> dict[str, Any]:
    plain = DocumentFilter()
    value: dict[str, Any] = {}
    for each in fields(DocumentFilter):
        found = getattr(wanted, each.name)
        if found != getattr(plain, each.name):
            value[each.name] = (
                [list(pair) for pair in found]
                if each.name == "where"
                else list(found)
                if isinstance(found, tuple)
                else found
            )
    return value


def _from_json(
    path: Path, session: Session, value: Mapping[str, Any], changed: dict[int, str]
) -> SearchRequest:
    """A search from JSON; notes in `changed` the features whose labels were others."""
    known = {each.name for each in fields(SearchRequest)} - {"steering", "like"}
    unknown = sorted(set(value) - known - {"changes", "document"})
    if unknown:
        raise _bad(path, f"a search has no field {briefly(unknown[0])}")
    given = {name: found for name, found in value.items() if name in known}
    if "muted" in given:
        given["muted"] = tuple(_features(path, session, given["muted"]))
    if given.get("solo") is not None:
        given["solo"] = _features(path, session, [given["solo"]])[0]
    if "filter" in given:
        given["filter"] = _filter_from_json(path, session, given["filter"])
    kinds = {"query": str, "limit": int, "why": bool, "exact": bool}
    for name, kind in kinds.items():
        if name in given and (type(given[name]) is not kind or (kind is int and given[name] < 1)):
            raise _bad(path, f"{name} is {briefly(given[name])}")
    for name, options in (("mode", MODES), ("retrieval", get_args(Retrieval))):
        if name in given and given[name] not in options:
            raise _bad(path, f"{name} is {briefly(given[name])}, not one of {', '.join(options)}")
    if "document" in value:
        row = session.bundle.documents.row_of(str(value["document"]))
        if row is None:
            raise _bad(path, f"this bundle has no document {briefly(value['document'])}")
        given["like"] = row
    steering: dict[int, Change] = {}
    for change in value.get("changes", ()):
        feature, label, steering_change = _change(path, session, change)
        steering[feature] = steering_change
        if label != session.features[feature].label:
            changed[feature] = label
    return SearchRequest(**given, steering=steering)


def _change(path: Path, session: Session, value: object) -> tuple[int, str, Change]:
    if not isinstance(value, dict):
        raise _bad(path, f"{briefly(value)} is not a change")
    (feature,) = _features(path, session, [value.get("feature")])
    amount = value.get("amount")
    operation: Operation | None = next(
        (each for each in get_args(Operation) if each == value.get("operation")), None
    )
    if operation is None or isinstance(amount, bool) or not isinstance(amount, int | float):
        raise _bad(path, f"{briefly(value)} is not a change")
    return feature, str(value.get("label", "")), Change(operation, float(amount))


def _features(path: Path, session: Session, value: object) -> list[int]:
    count = session.sae.record.n
    if not isinstance(value, list) or not all(
        type(each) is int and 0 <= each < count for each in value
    ):
        raise _bad(path, f"{briefly(value)} does not name features from 0 to {count - 1}")
    return value


def _filter_from_json(path: Path, session: Session, value: object) -> DocumentFilter:
    if not isinstance(value, dict) or set(value) - {each.name for each in fields(DocumentFilter)}:
        raise _bad(path, f"{briefly(value)} is not a filter")
    given: dict[str, Any] = dict(value)
    for name in ("having", "lacking"):
        if name in given:
            given[name] = tuple(_features(path, session, given[name]))
    for name in ("after", "before"):
        if not isinstance(given.get(name, ""), str):
            raise _bad(path, f"{name} is {briefly(given[name])}")
    categories, where = given.get("categories", []), given.get("where", [])
    if not _texts(categories) or not isinstance(where, list):
        raise _bad(path, f"{briefly(value)} is not a filter")
    if not all(_texts(pair) and len(pair) == 2 for pair in where):
        raise _bad(path, f"where is {briefly(where)}")
    given["categories"] = tuple(categories)
    given["where"] = tuple((pair[0], pair[1]) for pair in where)
    return DocumentFilter(**given)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _bad(path: Path, problem: str) -> InputError:
    return InputError(f"{path} cannot be used as a preset: {problem}.", _HINT)
