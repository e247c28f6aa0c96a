"""`saetui map`: features as points, those of similar direction near each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.core.feature_layout import Places
    from saetui.session.session import Session


def feature_map(
    bundle: BundlePath,
    *,
    find: Annotated[
        str, typer.Option("--find", metavar="WORDS", help="Mark features as `features` finds them.")
    ] = "",
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write a picture, .svg, or a page that zooms and finds, .html.",
        ),
    ] = None,
    width: Annotated[
        int | None, typer.Option("--width", min=20, max=400, help="Cells of a line.")
    ] = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Draw a map of the features, with the names of the largest families.

    Builds lay out the features. In a bundle of before that is done once, and takes some seconds.
    """
    import shutil

    from saetui.cli.output import Output
    from saetui.session.questions.feature_map import FeatureMap, drawn, write_map

    output = Output()
    with opened(bundle, sae) as session:
        shown = FeatureMap.of(session, _places(session), find)
        title = f"{session.bundle.manifest.name}, {session.sae.record.name}"
    if export is not None:
        count = write_map(export, shown, title)
        typer.echo(f"Wrote {count:,} features to {visible_line(str(export))}", err=True)
    if as_json:
        output.json(
            [
                {
                    "id": i,
                    "label": shown.names[i],
                    "x": round(float(shown.places[i, 0]), 5),
                    "y": round(float(shown.places[i, 1]), 5),
                    "family": None if shown.families[i] < 0 else int(shown.families[i]),
                    "found": i in shown.lit,
                }
                for i in range(len(shown.names))
            ]
        )
    elif export is None:
        size = shutil.get_terminal_size()
        cells = width or (size.columns if output.terminal else 80)
        output.line(f"{title}: {len(shown.names):,} features", "bold")
        for line in drawn(shown, cells, max(10, cells // 3), unicode=output.unicode):
            output.line(line)


def _places(session: "Session") -> "Places":
    from saetui.cli.progress import shown_progress
    from saetui.session.questions.feature_map import known_places, laying_out

    places = known_places(session)
    if places is None:
        with shown_progress() as progress:
            done = 0
            for found in laying_out(session):
                if not done:
                    progress.start("Laying out features", found.total, "steps")
                progress.advance(found.done - done)
                done, places = found.done, found.places
    assert places is not None
    return places
