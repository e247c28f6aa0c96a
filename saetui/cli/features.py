"""`saetui features`: list the features of an SAE."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.figures import density, known, score
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, ListLimit, SaeName, Words

if TYPE_CHECKING:
    from saetui.session.questions.feature_figures import Relation
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord

_SMALLEST_FIRST = ("label", "id", "quality", "family")


def features(
    bundle: BundlePath,
    words: Words = None,
    *,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="FIGURE",
            help="true, density, label, id or another figure; or relate:FIELD, by how each goes "
            "with a field such as stars. Texts and id in ascending order, others largest first.",
        ),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the order.")] = False,
    limit: ListLimit = 20,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """List features, all or filtered.

    Words are searched in labels and terms; the best match comes first. ~WORDS finds features by
    meaning. Figures and names narrow the list: true>0.8, density<0.01, quality:mixed, family:any.
    """
    from saetui.cli import json_output as shapes
    from saetui.cli.output import Column, Output
    from saetui.session.questions.feature_figures import RELATE, relation

    output = Output()
    with opened(bundle, sae) as session:
        found = session.find_features(" ".join(words or ()))
        related = None
        if sort is not None and sort.startswith(RELATE):
            related = relation(session, sort.removeprefix(RELATE))
            places = related.order([record.id for record in found], descending=not reverse)
            found = [found[place] for place in places]
        elif sort is not None:
            descending = (sort in _SMALLEST_FIRST) == reverse
            found = session.features.table.sorted(found, sort, descending=descending)
        shown = found[: limit or None]
        if as_json:
            output.json(
                [
                    shapes.feature(session, record)
                    | ({} if related is None else shapes.relation(related, record.id))
                    for record in shown
                ]
            )
        else:
            output.table(
                [
                    Column("feature", numeric=True),
                    Column("label"),
                    *(
                        ()
                        if related is None
                        else (Column(related.field, numeric=True), Column("p", numeric=True))
                    ),
                    Column("density", numeric=True),
                    Column("max", numeric=True),
                    Column("true", numeric=True),
                    Column("concept"),
                    Column("family"),
                ],
                [_row(session, record, related) for record in shown],
            )
    say_how_many(len(shown), len(found), "features")


def say_how_many(shown: int, found: int, what: str) -> None:
    """Say on standard error how much of a list was shown, unless it was all."""
    if not found:
        typer.echo(f"no {what} found", err=True)
    elif shown < found:
        typer.echo(f"{shown:,} of {found:,} {what}; --limit 0 shows all", err=True)


def _row(session: "Session", record: "FeatureRecord", related: "Relation | None") -> list[str]:
    family = session.sae.families.smallest_of(record.id)
    return [
        str(record.id),
        record.name,
        *(() if related is None else (related.text(record.id), related.p_text(record.id))),
        density(record.density),
        score(record.max_activation),
        known(record.f1) if record.true is None else record.true.words,
        record.quality.word,
        "" if family is None else family.label,
    ]
