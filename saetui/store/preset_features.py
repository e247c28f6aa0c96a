"""The features that a saved search names, and what they are known by.

A preset names features by number. `of` says of which SAE, and `known` what each is known by, so
that a search follows its features when the SAE is replaced:

    {"saetui_preset": 1, "sae": "k64-n3072", "of": "1f17c80fa38ecd72",
     "known": {"12": {"direction": "f4B/...", "documents": ["0708.0254", ...]}},
     "search": {"changes": [{"feature": 12, ...}], "muted": [3]}}
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from saetui.errors import BundleDamaged, SaetuiError
from saetui.store.atomic import write_json
from saetui.store.bundle import Bundle
from saetui.store.followed_notes import describe
from saetui.store.json_files import read_json

Json = dict[str, Any]
# Where a search and its filter list features.
_LISTS = ("muted",)
_FILTER_LISTS = ("having", "lacking", "active")


def features_in(searches: Iterable[Mapping[str, Any]]) -> list[int]:
    """Numbers of the features that searches name, ascending; what is no number is passed over."""
    found: set[object] = set()
    for search in searches:
        found |= {change.get("feature") for change in _changes(search)}
        found |= {search.get("solo")}
        for place, names in ((search, _LISTS), (_filter(search), _FILTER_LISTS)):
            for name in names:
                found |= set(_numbers(place.get(name)))
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
    for name in _LISTS:
        if name in search:
            changed[name] = _renumbered(search[name], now)
    if "filter" in search:
        lists = {n: _renumbered(f, now) for n, f in _filter(search).items() if n in _FILTER_LISTS}
        changed["filter"] = {**_filter(search), **lists}
    return changed


def known_features(bundle: Bundle, sae: str, features: Iterable[int]) -> dict[str, Any]:
    """What features are known by, by their numbers as text."""
    known_by = describe(bundle)
    return {str(feature): dict(known_by(sae, feature)) for feature in features}


def sign_presets(bundle: Bundle, folder: Path, names: Collection[str]) -> int:
    """Have presets from before `of` was kept say which features they mean.

    Args:
        bundle: With the SAEs that they are for.
        folder: Of the presets; other files are passed over.
        names: Of the SAEs that are meant.

    Returns:
        How many presets were written anew.
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
