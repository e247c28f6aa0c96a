"""`saetui families`: the feature families of an SAE as a list."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.features import say_how_many
from saetui.cli.figures import density, known
from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName, Words

if TYPE_CHECKING:
    from saetui.session.session import Session


def families(
    bundle: BundlePath,
    words: Words = None,
    *,
    limit: ListLimit = 20,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write the whole forest instead: .graphml, or .json in networkx's node-link form.",
        ),
    ] = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """List feature families, the largest first.

    With words, those whose label holds all of them.
    """
    from saetui.cli import json_output as shapes
    from saetui.cli.output import Column, Output

    output = Output()
    with opened(bundle, sae) as session:
        if export is not None:
            _export(session, export)
            return
        found = session.features.lookup.families(" ".join(words or ()))
        shown = found[: limit or None]
        shaped = [shapes.family(session, family) for family in shown]
    if as_json:
        output.json(shaped)
    else:
        output.table(
            [
                Column("family", numeric=True),
                Column("label"),
                Column("root", numeric=True),
                Column("members", numeric=True),
                Column("mean density", numeric=True),
                Column("F1", numeric=True),
                Column("Pearson", numeric=True),
            ],
            [
                [
                    str(shape["id"]),
                    shape["label"],
                    str(shape["root"]),
                    str(len(shape["members"])),
                    density(shape["mean_density"]),
                    known(shape["f1"]),
                    known(shape["pearson"]),
                ]
                for shape in shaped
            ],
        )
    say_how_many(len(shown), len(found), "families")


def _export(session: "Session", path: Path) -> None:
    from saetui.cli.output import Output
    from saetui.interop.forest_files import write_forest

    graph = write_forest(path, session.sae.families, session.features.records)
    Output().line(f"{path}: {len(graph):,} features, {graph.number_of_edges():,} edges")
