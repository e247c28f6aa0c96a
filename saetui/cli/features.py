"""`saetui features`: the features of an SAE as a list."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from saetui.cli.figures import density, score
from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName, Words

if TYPE_CHECKING:
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord

SortKey = Literal["id", "density", "documents", "max"]


def features(
    bundle: BundlePath,
    words: Words = None,
    *,
    sort: Annotated[
        SortKey | None,
        typer.Option(help="id: smallest first, the others: largest first."),
    ] = None,
    limit: ListLimit = 20,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """List features, or those whose label holds the given words.

    A feature's terms are looked at too; the best match comes first.
    """
    from saetui.cli import shapes
    from saetui.cli.output import Column, Output

    output = Output()
    with opened(bundle, sae) as session:
        found = _sorted(session, session.lookup.matching(" ".join(words or ())), sort)
        shown = found[: limit or None]
        if as_json:
            output.json([shapes.feature(session, record) for record in shown])
        else:
            output.table(
                [
                    Column("feature", numeric=True),
                    Column("label"),
                    Column("density", numeric=True),
                    Column("documents", numeric=True),
                    Column("max", numeric=True),
                    Column("family"),
                ],
                [_row(session, record) for record in shown],
            )
    say_how_many(len(shown), len(found), "features")


def say_how_many(shown: int, found: int, what: str) -> None:
    """Tell on standard error how much of a list was shown, if it was not all."""
    if not found:
        typer.echo(f"no {what} found", err=True)
    elif shown < found:
        typer.echo(f"{shown:,} of {found:,} {what}; --limit 0 shows all", err=True)


def _sorted(
    session: "Session", found: Sequence[int], sort: SortKey | None
) -> "list[FeatureRecord]":
    records = [session.features[i] for i in found]
    match sort:
        case None:
            return records
        case "id":
            return sorted(records, key=lambda record: record.id)
        case "density" | "documents":
            return sorted(records, key=lambda record: (-record.documents, record.id))
        case "max":
            return sorted(records, key=lambda record: (-record.max_activation, record.id))


def _row(session: "Session", record: "FeatureRecord") -> list[str]:
    families = session.sae.families.of_feature(record.id)
    return [
        str(record.id),
        record.name,
        density(record.density),
        str(record.documents),
        score(record.max_activation),
        families[0].label if families else "",
    ]
