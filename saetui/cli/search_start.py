"""What `saetui search` starts from: nothing, a request, a preset or a bookmark."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saetui.errors import InputError, SaetuiError
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.core.search_request import SearchRequest
    from saetui.session.saved.presets import OpenedPreset, Preset
    from saetui.session.search.response import SearchResponse
    from saetui.session.session import Session

_STANDARD_INPUT = "standard input"


@dataclass(frozen=True)
class Begun:
    """Where a search begins, in a session.

    Attributes:
        request: The search so far; None for none.
        preset: Where it is from, if it is from one.
    """

    request: "SearchRequest | None" = None
    preset: "OpenedPreset | None" = None

    @property
    def steps(self) -> "tuple[SearchRequest, ...]":
        """The searches that were recorded."""
        return self.preset.steps if self.preset else ()

    def compare(self, response: "SearchResponse") -> None:
        """Say whether other documents are found than when the preset was saved."""
        from saetui.session.saved.presets import what_differs

        differs = what_differs(self.preset, response) if self.preset else ""
        if differs:
            typer.echo(f"Warning: {differs}", err=True)


@dataclass(frozen=True)
class Start:
    """Where a search begins, before the bundle is open.

    Attributes:
        preset: A saved search, or None.
        request: A search in JSON, or None.
        source: Where that is from.
    """

    preset: "Preset | None" = None
    request: Any = None
    source: str = ""

    @classmethod
    def read(cls, bundle: Path, request: Path | None, preset: str | None) -> "Start":
        """Read what the options name.

        Raises:
            InputError: Both are named, or one cannot be read.
        """
        if request is not None and preset is not None:
            raise InputError("A search starts from --request or from --preset.", "Choose one.")
        if request is not None:
            source = _STANDARD_INPUT if str(request) == "-" else str(request)
            return cls(request=_json(request), source=source)
        return cls(_preset(bundle, preset) if preset is not None else None)

    @property
    def sae(self) -> str | None:
        """The SAE that it was made with, if that is known."""
        return self.preset.sae if self.preset else None

    def of(self, session: "Session") -> Begun:
        """What it means in a session; says on standard error what means something else now.

        Raises:
            InputError: It does not fit the session.
        """
        from saetui.session.saved.presets import open_preset
        from saetui.session.saved.request_json import request_from_json

        if self.preset is not None:
            found = open_preset(self.preset, session)
            for warning in found.warnings:
                typer.echo(f"Warning: {visible_line(warning)}", err=True)
            return Begun(found.request, found)
        if self.request is not None:
            return Begun(request_from_json(session, self.request, self.source)[0])
        return Begun()


def _preset(bundle: Path, name: str) -> "Preset":
    from saetui.session.saved.bookmarks import bookmark_called
    from saetui.session.saved.presets import preset_from_json, read_preset

    if name == "-":
        return preset_from_json(_json(Path(name)), _STANDARD_INPUT)
    path = Path(name)
    # What looks like a file is one; a bookmark's name has no folder and no ending.
    if path.exists() or path.suffix or len(path.parts) > 1:
        return read_preset(path)
    return bookmark_called(bundle, name).preset


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything.
    from saetui.store.json_files import read_json

    if str(path) != "-":
        try:
            return read_json(path)
        except SaetuiError as error:
            raise InputError(error.message, "Name a file of JSON.") from None
    try:
        return json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"Standard input cannot be read as JSON ({error}).") from None
