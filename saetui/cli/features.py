"""`saetui features`, `feature` and `compare-features`: all features, one, and two side by side."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli import json_output as shapes
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, ListLimit, SaeName, Words
from saetui.cli.output import Output, density, estimate, known, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saetui.session.details import Example, FeatureDetail, Neighbour
    from saetui.session.questions.feature_figures import Relation
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord


_FIGURES = (">density", ">max", ">true", "concept", "family")
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
            relation_to = [] if related is None else [f">{related.field}", ">p"]
            output.table(
                [">feature", "label", *relation_to, *_FIGURES],
                [_row(session, record, related) for record in shown],
            )
    say_how_many(len(shown), len(found), "features")


def say_how_many(shown: int, found: int, what: str) -> None:
    """Say on standard error how much of a list was shown, unless it was all."""
    if not found:
        typer.echo(f"no {what} found", err=True)
    elif shown < found:
        typer.echo(f"{shown:,} of {found:,} {what}; --limit 0 shows all", err=True)


def _row(session: "Session", record: "FeatureRecord", related: "Relation | None") -> list[object]:
    family = session.sae.families.smallest_of(record.id)
    return [
        record.id,
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
    output.section(
        "Documents from each tenth, strongest first",
        [">tenth", ">activation", "title", "id"],
        [
            [tenth, score(each.activation), each.title, each.id]
            for tenth, examples in enumerate(detail.deciles, start=1)
            for each in examples
        ],
    )
    _print_examples(output, "Active, but the label is probably not true of them", detail.weak)
    _print_examples(
        output, "Documents near to it that do not activate it", detail.near_misses, "cosine"
    )
    for heading, features in (("Nearest", detail.nearest), ("Opposed", detail.opposed)):
        output.section(
            f"{heading} features",
            [">feature", "label", ">cosine"],
            [[each.id, each.name, score(each.value)] for each in features],
        )
    output.section(
        "Features on the same documents",
        [">times", ">from", ">to", ">documents", ">feature", "label"],
        [[*_lift(each), f"{each.value:.0f}", each.id, each.name] for each in detail.co_occurring],
    )
    output.section(
        "Families",
        [">family", "label", ">members"],
        [[each.id, each.label, len(each.members)] for each in detail.families],
    )
    _print_labels(output, detail)


def _lift(neighbour: "Neighbour") -> list[str]:
    """How many times more often than by chance two features occur together, from and to."""
    if neighbour.lift is None:
        return ["-"] * 3
    return [f"{each:.1f}" for each in astuple(neighbour.lift)]


def _print_figures(output: Output, detail: "FeatureDetail") -> None:
    record = detail.record
    # How many documents activate the feature in all, where not all count.
    of_active = f" that count, of {record.active:,} active" if record.true is not None else ""
    output.line(f"{record.id}  {record.name}" if record.label else record.name, "bold")
    output.prose(
        f"{record.documents:,} documents{of_active}  density {density(record.density)}  "
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


def _print_examples(
    output: Output, heading: str, examples: "Sequence[Example]", value: str = "activation"
) -> None:
    rows = [[score(each.activation), each.title, each.id] for each in examples]
    output.section(heading, [f">{value}", "title", "id"], rows)


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
    rejected = detail.notes.rejected
    output.section(
        "Labels, oldest first",
        [">version", "label", "method", "model", "created", "terms"],
        [
            [
                label.version,
                label.text + (" (rejected)" if label.version in rejected else ""),
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
    figures = [">F1", ">Pearson", ">balanced accuracy"]
    output.section(
        "How well a judge tells its documents by the label, on held-out documents",
        [">version", "judge", "protocol", ">documents", *figures],
        [
            [
                each.version,
                each.judge,
                each.protocol,
                # Unknown for imported scores.
                each.documents or "-",
                *map(estimate, (each.f1, each.pearson, each.balanced_accuracy)),
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
    alone = [(f"{side.record.name}, alone", side.examples) for side in sides]
    groups = [("Documents of both", detail.examples), *alone]
    for heading, examples in groups:
        rows = [[score(each.activation), each.id, each.title] for each in examples]
        output.section(heading, [">activation", "id", "title"], rows)
