"""`saetui features`, `feature` and `compare-features`: all features, one, and two side by side."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, ListLimit, SaeName, Words
from saetui.cli.output import Column, Output, density, estimate, known, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saetui.session.details import Example, FeatureDetail, Neighbour
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


def feature(
    bundle: BundlePath,
    name: Annotated[
        str, typer.Argument(metavar="FEATURE", help="Its number or label.", show_default=False)
    ],
    *,
    limit: DetailLimit = 10,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show one feature with its documents, related features and labels."""
    from saetui.cli import json_output as shapes

    output = Output()
    with opened(bundle, sae) as session:
        detail = session.feature(session.features.lookup.feature(name), limit)
        if as_json:
            output.json(shapes.feature_detail(session, detail))
        else:
            _print_detail(output, detail)


def _print_detail(output: Output, detail: "FeatureDetail") -> None:
    _print_figures(output, detail)
    _print_examples(output, "Strongest documents", detail.top)
    _print_deciles(output, detail.deciles)
    _print_examples(output, "Active, but the label is probably not true of them", detail.weak)
    _print_examples(
        output, "Documents near to it that do not activate it", detail.near_misses, "cosine"
    )
    _print_neighbours(output, "Nearest features", detail.nearest, "cosine")
    _print_neighbours(output, "Opposed features", detail.opposed, "cosine")
    _print_together(output, detail.co_occurring)
    _print_families(output, detail)
    _print_labels(output, detail)


def _print_figures(output: Output, detail: "FeatureDetail") -> None:
    record = detail.record
    output.line(f"{record.id}  {record.name}" if record.label else record.name, "bold")
    output.prose(
        f"{record.documents:,} documents{_of_active(record)}  density {density(record.density)}  "
        f"mean {score(record.mean_activation)}  max {score(record.max_activation)}"
    )
    _print_trust(output, detail)
    if not record.documents:
        return
    if output.terminal:
        chart = output.glyphs.histogram(detail.histogram, rows=1)[0]
        output.line(f"0 |{chart}| {score(record.max_activation)}")
        if record.true is not None:
            shades = output.glyphs.shares(detail.counted, detail.histogram)
            output.line(f"  |{shades}| darker: more count")
    else:
        output.line("histogram " + " ".join(str(count) for count in detail.histogram))


def _of_active(record: "FeatureRecord") -> str:
    """How many documents activate a feature in all, where not all count."""
    return f" that count, of {record.active:,} active" if record.true is not None else ""


def _print_examples(
    output: Output, heading: str, examples: "Sequence[Example]", value: str = "activation"
) -> None:
    if not examples:
        return
    output.heading(heading)
    output.table(
        [Column(value, numeric=True), Column("title"), Column("id")],
        [[score(example.activation), example.title, example.id] for example in examples],
    )


def _print_deciles(output: Output, deciles: "Sequence[Sequence[Example]]") -> None:
    rows = [
        [str(tenth), score(example.activation), example.title, example.id]
        for tenth, examples in enumerate(deciles, start=1)
        for example in examples
    ]
    if not rows:
        return
    output.heading("Documents from each tenth, strongest first")
    output.table(
        [
            Column("tenth", numeric=True),
            Column("activation", numeric=True),
            Column("title"),
            Column("id"),
        ],
        rows,
    )


def _print_neighbours(
    output: Output, heading: str, neighbours: "Sequence[Neighbour]", value: str
) -> None:
    if not neighbours:
        return
    output.heading(heading)
    is_count = value == "documents"
    output.table(
        [Column("feature", numeric=True), Column("label"), Column(value, numeric=True)],
        [
            [str(each.id), each.name, f"{each.value:.0f}" if is_count else score(each.value)]
            for each in neighbours
        ],
    )


def _print_together(output: Output, found: "Sequence[Neighbour]") -> None:
    if not found:
        return
    output.heading("Features on the same documents")
    output.table(
        [
            Column("times", numeric=True),
            Column("from", numeric=True),
            Column("to", numeric=True),
            Column("documents", numeric=True),
            Column("feature", numeric=True),
            Column("label"),
        ],
        [
            [
                *(
                    ["-"] * 3
                    if other.lift is None
                    else [f"{each:.1f}" for each in astuple(other.lift)]
                ),
                f"{other.value:.0f}",
                str(other.id),
                other.name,
            ]
            for other in found
        ],
    )


def _print_families(output: Output, detail: "FeatureDetail") -> None:
    if not detail.families:
        return
    output.heading("Families")
    output.table(
        [Column("family", numeric=True), Column("label"), Column("members", numeric=True)],
        [[str(each.id), each.label, str(len(each.members))] for each in detail.families],
    )


def _print_trust(output: Output, detail: "FeatureDetail") -> None:
    """The feature's quality, and the user's own label, bookmark and note."""
    quality, notes = detail.record.quality, detail.notes
    words = [detail.record.true.sentence] if detail.record.true is not None else []
    words += [quality.words] if quality.word else []
    words += [f"cohesion {quality.cohesion:.2f}"] if quality.cohesion is not None else []
    words += [f"stability {quality.stability:.2f}"] if quality.stability is not None else []
    words += ["bookmarked"] if notes.bookmark else []
    words += ["your own label"] if notes.label else []
    if words:
        output.prose("  ".join(words))
    if detail.read_sentence:
        output.prose(detail.read_sentence)
    if notes.note:
        output.prose(f"note: {notes.note}")
    if notes.former:
        output.prose(notes.former.sentence)


def _print_labels(output: Output, detail: "FeatureDetail") -> None:
    if not detail.labels:
        return
    output.heading("Labels, oldest first")
    output.table(
        [
            Column("version", numeric=True),
            Column("label"),
            Column("method"),
            Column("model"),
            Column("created"),
            Column("terms"),
        ],
        [
            [
                str(label.version),
                label.text + (" (rejected)" if label.version in detail.notes.rejected else ""),
                label.method,
                label.model,
                label.created,
                ", ".join(label.terms),
            ]
            for label in detail.labels
        ],
    )
    for label in detail.labels:
        if label.reasoning:
            output.prose(f"why {label.version}: {label.reasoning}")
    if not detail.scores:
        return
    output.heading("How well a judge tells its documents by the label, on held-out documents")
    output.table(
        [
            Column("version", numeric=True),
            Column("judge"),
            Column("protocol"),
            Column("documents", numeric=True),
            *(Column(title, numeric=True) for title in ("F1", "Pearson", "balanced accuracy")),
        ],
        [
            [
                str(each.version),
                each.judge,
                each.protocol,
                # Unknown for imported scores.
                str(each.documents or "-"),
                estimate(each.f1),
                estimate(each.pearson),
                estimate(each.balanced_accuracy),
            ]
            for each in detail.scores
        ],
    )


def compare_features(
    bundle: BundlePath,
    a: Annotated[
        str, typer.Argument(metavar="A", help="Number or label of one.", show_default=False)
    ],
    b: Annotated[
        str, typer.Argument(metavar="B", help="Number or label of the other.", show_default=False)
    ],
    *,
    limit: DetailLimit = 5,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show two features side by side: documents of both and of each alone, and what differs.

    The lift says how many times more often than by chance they occur together.
    """
    from saetui.session.questions.compare import pair_detail, pair_figures

    output = Output()
    with opened(bundle, sae) as session:
        lookup = session.features.lookup
        detail = pair_detail(session, lookup.feature(a), lookup.feature(b), limit)
    if as_json:
        output.json(detail.to_json())
        return
    sides = (detail.a, detail.b)
    for side in sides:
        output.line(f"{side.record.id}  {side.record.name}", "bold")
    for sentence in pair_figures(detail):
        output.prose(sentence)
    _print(output, "Documents of both", detail.examples)
    for side in sides:
        _print(output, f"{side.record.name}, alone", side.examples)


def _print(output: Output, title: str, examples: "Sequence[Example]") -> None:
    if examples:
        output.heading(title)
        output.table(
            [Column("activation", numeric=True), Column("id"), Column("title")],
            [[score(each.activation), each.id, each.title] for each in examples],
        )
