"""`saetui bookmarks`: the bookmarked searches of a bundle."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath

if TYPE_CHECKING:
    from saetui.session.saved.bookmarks import SavedSearch


def bookmarks(
    bundle: BundlePath,
    *,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="NAME", help="Delete this bookmark.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List bookmarked searches, newest first, with the number of their results.

    Open one with b and o in the app, or with: saetui search BUNDLE --preset NAME
    """
    from saetui.cli.output import Column, Output
    from saetui.session.saved.bookmarks import bookmarks as bookmarks_of
    from saetui.session.saved.bookmarks import remove_bookmark

    with opened(bundle):
        pass
    if remove is not None:
        remove_bookmark(bundle, remove)
        return
    found = bookmarks_of(bundle)
    output = Output()
    if as_json:
        output.json([_shape(each) for each in found])
        return
    output.table(
        [
            Column("name"),
            Column("query"),
            Column("mode"),
            Column("changes", numeric=True),
            Column("results", numeric=True),
            Column("SAE"),
        ],
        [
            [
                each.name,
                str(each.preset.search.get("query") or each.preset.search.get("document", "")),
                str(each.preset.search.get("mode", "")),
                str(len(each.preset.search.get("changes", ()))),
                str(len(each.preset.results)),
                each.preset.sae,
            ]
            for each in found
        ],
    )


def _shape(saved: "SavedSearch") -> dict[str, object]:
    preset = saved.preset
    return {
        "name": saved.name,
        "path": str(saved.path),
        "sae": preset.sae,
        "request": dict(preset.search),
        "steps": len(preset.history),
        "results": list(preset.results),
    }
