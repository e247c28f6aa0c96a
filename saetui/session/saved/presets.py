"""Searches as small JSON files, to open in the app, on the command line or in Python.

    {"saetui_preset": 1, "bundle": "astro-ph", "sae": "k64-n3072", "features": 3072,
     "search": {"query": "dark matter", "mode": "codes",
                "changes": [{"feature": 12, "label": "Halos", "operation": "add", "amount": 0.3}]},
     "history": [{"query": "dark matter", "mode": "codes"}, ...],
     "results": ["0708.0254", ...], "of": "1f17c80fa38ecd72", "known": {"12": {...}}}

`of` and `known` say which features are meant, see `saetui.store.preset_features`.
`saetui.session.saved.search_json` describes the search. `results` are the ids of the documents
that were found when the preset was saved; opening it tells whether the same are found now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saetui.core.matches import follow
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError, SaetuiError
from saetui.session.saved.search_json import request_from_json, request_to_json
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.store.atomic import named_if_unwritable, write_json
from saetui.store.followed import features_in, known_features, renumbered
from saetui.store.former_features import anchor_from_json, rows_of
from saetui.store.json_files import briefly, read_json

Searches = Sequence[Mapping[str, Any]]


FORMAT = 1
_HINT = "Save it again with: saetui search ... --save-preset FILE"


@dataclass(frozen=True)
class Preset:
    """A search as it stands in a file, before it is known to fit a bundle.

    Attributes:
        source: Where it was read from.
        bundle: Name of the bundle with which it was made.
        sae: Name of the SAE to which its features belong.
        features: Number of features of that SAE.
        search: The search, as in the file.
        history: The searches that led to it, oldest first, as in the file.
        results: Ids of the documents found when it was saved, best first; empty if unknown.
        of: Fingerprint of the SAE; empty in presets from before it was kept.
        known: What its features are known by, see `saetui.store.preset_features`.
    """

    source: str
    bundle: str
    sae: str
    features: int
    search: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...] = ()
    results: tuple[str, ...] = ()
    of: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenedPreset:
    """A preset that fits a session.

    The history led to the request, oldest first. Warnings say what has changed since it was saved;
    results are the ids of what was found then, best first.
    """

    request: SearchRequest
    history: tuple[SearchRequest, ...] = ()
    warnings: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[SearchRequest, ...]:
        """All recorded searches, the saved one last."""
        return (*self.history, *(() if self.request in self.history[-1:] else (self.request,)))


def save_preset(
    path: Path,
    session: Session,
    request: SearchRequest,
    history: Sequence[SearchRequest] = (),
    results: Sequence[str] = (),
) -> None:
    """Write a search to a file, which is replaced if it is there.

    With it go the searches that led to it, oldest first, and the ids of its results, best first.

    Raises:
        InputError: The file cannot be written.
    """
    with named_if_unwritable(path):
        write_json(path, preset_to_json(session, request, history, results))


def preset_to_json(
    session: Session,
    request: SearchRequest,
    history: Sequence[SearchRequest] = (),
    results: Sequence[str] = (),
) -> dict[str, Any]:
    """A search and its history as JSON; `preset_from_json` reads it. Arguments: `save_preset`."""
    searches = [request_to_json(session, each) for each in (*history, request)]
    sae = session.sae
    known = known_features(session.bundle, sae.record.name, features_in(searches))
    return {
        "saetui_preset": FORMAT,
        "bundle": session.bundle.manifest.name,
        "sae": sae.record.name,
        "features": sae.record.n,
        "of": sae.of,
        "search": searches[-1],
        **({"known": known} if known else {}),
        **({"history": searches[:-1]} if history else {}),
        **({"results": list(results)} if results else {}),
    }


def read_preset(path: Path) -> Preset:
    """Read a preset; `open_preset` then turns it into a search of a session.

    Raises:
        InputError: The file is not a preset, or this version cannot read it.
    """
    try:
        value = read_json(path)
    except SaetuiError as error:
        raise InputError(error.message, "Name a preset that was saved by saetui.") from None
    return preset_from_json(value, str(path))


def preset_from_json(value: object, source: str) -> Preset:
    """Read a preset from its JSON; `source`, where it comes from, is named in messages.

    Raises:
        InputError: It is not a preset, or this version cannot read it.
    """
    if not isinstance(value, dict) or value.get("saetui_preset") != FORMAT:
        newer = isinstance(value, dict) and type(value.get("saetui_preset")) is int
        raise InputError(
            f"{source} is not a preset" + (" that this version can read." if newer else "."),
            "Update saetui." if newer else "Name a file that was saved as a preset.",
        )
    kinds = {"bundle": str, "sae": str, "features": int, "search": dict}
    for name, kind in kinds.items():
        if type(value.get(name)) is not kind:
            raise _bad(source, f"its {name} is {briefly(value.get(name))}")
    history, results = value.get("history", []), value.get("results", [])
    known = value.get("known", {})
    if not isinstance(history, list) or not all(isinstance(each, dict) for each in history):
        raise _bad(source, "its history is not a list of searches")
    if not isinstance(results, list) or not all(isinstance(each, str) for each in results):
        raise _bad(source, "its results are not a list of ids")
    return Preset(
        source,
        value["bundle"],
        value["sae"],
        value["features"],
        value["search"],
        tuple(history),
        tuple(results),
        str(value.get("of", "")),
        known if isinstance(known, dict) else {},
    )


def open_preset(preset: Preset, session: Session) -> OpenedPreset:
    """Turn a preset into searches of a session.

    Raises:
        InputError: It belongs to another SAE, names a document or feature that the bundle does not
            have, or holds an invalid search.
    """
    values, warnings = _of_this_sae(preset, session)
    if preset.bundle != session.bundle.manifest.name:
        warnings.append(
            f"The preset was saved for the bundle {preset.bundle}; this one is "
            f"{session.bundle.manifest.name}, so that documents and features may differ."
        )
    renamed: dict[int, str] = {}
    searches = []
    for value in values:
        search, others = request_from_json(session, value, preset.source, _HINT)
        searches.append(search)
        renamed |= others
    for feature, label in sorted(renamed.items()):
        now = session.name(feature)
        warnings.append(f"Feature {feature} was called '{label}' and is now called '{now}'.")
    return OpenedPreset(searches[-1], tuple(searches[:-1]), tuple(warnings), preset.results)


def _of_this_sae(preset: Preset, session: Session) -> tuple[Sequence[Mapping[str, Any]], list[str]]:
    """The searches of a preset by the features of the session's SAE, and what is to be said.

    Raises:
        InputError: The preset belongs to another SAE.
    """
    record, searches = session.sae.record, (*preset.history, preset.search)
    if preset.of == session.sae.of:
        return searches, []
    others = {sae.name for sae in session.bundle.manifest.saes} - {record.name}
    if preset.of and preset.sae not in others:
        return followed(session, searches, preset.known)
    if (preset.sae, preset.features) != (record.name, record.n):
        raise InputError(
            f"{preset.source} was saved for the SAE {preset.sae} with {preset.features:,} "
            f"features, but {record.name} with {record.n:,} is open.",
            f"Open the bundle with: --sae {preset.sae}"
            if preset.sae != record.name
            else "Its features mean other things; make the preset anew.",
        )
    if record.metrics.get("replaced_on"):
        return by_label(session, searches)
    return searches, []


def followed(
    session: Session, searches: Searches, known: Mapping[str, Any]
) -> tuple[Searches, list[str]]:
    """Searches of an earlier SAE with the numbers that their features have now.

    `known` says what the features were known by, by their numbers as text.

    Returns:
        The searches, and a sentence about each feature.
    """
    features = [each for each in features_in(searches) if isinstance(known.get(str(each)), dict)]
    anchors = [anchor_from_json(known[str(feature)]) for feature in features]
    rows = [rows_of(anchor, session.bundle.documents) for anchor in anchors]
    sae = session.sae
    found, _ = follow(anchors, rows, sae.weights.directions, sae.codes)
    now = {f: match for f, match in zip(features, found, strict=True) if match is not None}
    said = []
    for feature in features_in(searches):
        name, match = _name(searches, feature), now.get(feature)
        if match is None:
            said.append(f"{name} matches no feature of {sae.record.name} and is left out.")
        elif match.cosine is None:
            said.append(f"{name} is now feature {match.feature}, by its documents.")
        else:
            said.append(f"{name} is now feature {match.feature} (cosine {match.cosine:.2f}).")
    numbers = {feature: match.feature for feature, match in now.items()}
    return [renumbered(search, numbers) for search in searches], said


def by_label(session: Session, searches: Searches) -> tuple[Searches, list[str]]:
    """The same for a preset that does not say what its features are known by: labels must do."""
    by_name: dict[str, list[int]] = {}
    for record in session.features:
        by_name.setdefault(record.label, []).append(record.id)
    now, said = {}, []
    for feature in features_in(searches):
        label = _label(searches, feature)
        found = by_name.get(label, []) if label else []
        if len(found) == 1:
            now[feature] = found[0]
            if found[0] != feature:
                said.append(f"'{label}' is now feature {found[0]}.")
        else:
            name = _name(searches, feature)
            said.append(
                f"{name} may be of an earlier {session.sae.record.name} and is left out: no one "
                "feature has its label now."
            )
    return [renumbered(search, now) for search in searches], said


def _label(searches: Searches, feature: int) -> str:
    for search in searches:
        changes = search.get("changes")
        for change in changes if isinstance(changes, list) else ():
            if isinstance(change, dict) and change.get("feature") == feature:
                return str(change.get("label") or "")
    return ""


def _name(searches: Searches, feature: int) -> str:
    label = _label(searches, feature)
    return f"Feature {feature}" + (f" ('{label}')" if label else "")


def what_differs(opened: OpenedPreset, response: SearchResponse) -> str:
    """How the results differ from those when a preset was saved; empty if they are the same."""
    now = [result.id for result in response.results[: len(opened.results)]]
    then = list(opened.results[: len(response.results)])
    if now == then:
        return ""
    missing = len(set(then) - set(now))
    if not missing:
        return "The results are those of when the preset was saved, in another order."
    return f"{missing} of {len(then)} results are others than when the preset was saved."


def _bad(source: str, problem: str) -> InputError:
    return InputError(f"{source} cannot be used as a preset: {problem}.", _HINT)
