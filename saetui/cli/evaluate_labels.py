"""`saetui evaluate labels`: have readers judge labels blind, and say what they found."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, SaeName, Seed
from saetui.cli.output import Output, known
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.evaluate.blind_sheet import JudgedSheet
    from saetui.evaluate.label_figures import Findings, Shown
    from saetui.evaluate.recognition import Mean
    from saetui.session.session import Session


def evaluate_labels(
    bundle: BundlePath,
    *,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="Write a sheet to be judged, as CSV."),
    ] = None,
    count: Annotated[
        int, typer.Option("--features", min=1, metavar="N", help="How many features to judge.")
    ] = 24,
    judgements: Annotated[
        Path | None,
        typer.Option(
            "--judgements",
            metavar="FILE",
            help="Read a sheet that was judged, or judgements as JSON Lines.",
        ),
    ] = None,
    judge: Annotated[
        str,
        typer.Option("--judge", metavar="NAME", help="Who judged, unless a column 'judge' says."),
    ] = "a reader",
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="Which row is of which document; beside the sheet if not given. Whoever judges "
            "must not see it.",
        ),
    ] = None,
    seed: Seed = 0,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Do readers who see a label and a text find the label true of it?

    --sheet draws documents from every tenth of a feature's activations, near misses and random
    ones, in an order that tells nothing. Whoever judges writes yes, no or ? beside each, or a
    confidence from -1 to 1. --judgements says of which documents the labels are true, and how far
    the figures that are shown agree, with 95% intervals over features.
    """
    if (sheet is None) == (judgements is None):
        raise InputError("Give either --sheet to write a sheet, or --judgements to read one.")
    with opened(bundle, sae) as session:
        if sheet is not None:
            _write(session, sheet, key, count=count, seed=seed)
            return
        assert judgements is not None
        found = _found(session, judgements, key, judge=judge, seed=seed)
    output = Output()
    if as_json:
        shape = {name: asdict(each) for name, each in found.items()}
        output.json({"seed": seed, "labels": shape})
        return
    for name, each in found.items():
        if name:
            output.heading(f"Labels by {name}")
        _print(output, each)


def _write(session: "Session", sheet: Path, key: Path | None, *, count: int, seed: int) -> None:
    from saetui.evaluate.blind_sheet import draw_key, key_path, write_sheet

    drawn = draw_key(session.bundle, session.sae, session.features.records, count, seed)
    beside = key or key_path(sheet)
    write_sheet(sheet, beside, drawn, session.bundle)
    features = len({each.feature for each in drawn.questions.values()})
    typer.echo(
        f"Wrote {len(drawn.questions):,} rows on {features:,} features to {sheet}. Write yes or no "
        f"beside each. What they are is in {beside}: do not show it to whoever judges."
    )


def _found(
    session: "Session", path: Path, key: Path | None, *, judge: str, seed: int
) -> "dict[str, Findings]":
    """Findings by who wrote the labels; the name is empty for those of the bundle."""
    from saetui.evaluate.blind_sheet import (
        check_judgements,
        check_key,
        key_path,
        read_judged_lines,
        read_judged_sheet,
        read_key,
    )
    from saetui.evaluate.label_figures import by_feature, findings

    sheets: dict[str, JudgedSheet]
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        sheets = read_judged_lines(path, judge)
        for sheet in sheets.values():
            check_judgements(sheet, session.bundle, session.sae)
    else:
        known = read_key(key or key_path(path))
        check_key(known, session.bundle, session.sae)
        sheets = {"": read_judged_sheet(path, known, judge)}

    def shown(feature: int, label: str) -> "Shown":
        return _shown(session, feature, label)

    return {name: findings(sheet, by_feature(sheet, shown), seed) for name, sheet in sheets.items()}


def _shown(session: "Session", feature: int, label: str) -> "Shown":
    """What is shown of a feature, with the scores of the label that was judged."""
    from saetui.evaluate.label_figures import Shown

    record = session.features.record(feature)
    versions, scores = session.sae.history(feature)
    version = next((each.version for each in reversed(versions) if each.text == label), None)
    counted = None
    if session.sae.truth is not None:
        rows = session.sae.counted.documents(feature)[0].tolist()
        headings = session.bundle.documents.headings(rows)
        counted = frozenset(heading[0] for heading in headings.values())
    scored = [each for each in scores if each.version == version]
    return Shown(record, label, scored, counted)


def _print(output: Output, found: "Findings") -> None:
    judges = ", ".join(f"{name} ({rows:,} rows)" for name, rows in found.judges.items())
    output.prose(f"{found.features:,} features, judged by {judges}.")
    if found.agreement is not None:
        output.prose(f"Where two judged the same row, they agree in {found.agreement:.0%}.")
    if found.unsure or found.open:
        output.prose(f"{found.unsure:,} rows unsure, {found.open:,} without a judgement.")
    output.heading("Of how many documents the labels are true")
    output.table(
        ["documents", ">judged", ">true"],
        [[each.name, f"{each.documents:,}", _mean(each.true)] for each in found.shares],
    )
    output.heading("Documents that count as a feature's")
    output.table(
        ["rule", ">true of these", ">kept"],
        [[each.name, _mean(each.precision), _mean(each.recall)] for each in found.counting],
    )
    shown = [each for each in found.figures if each.features]
    if not shown:
        return
    output.heading("Figures against the same by the readers")
    titles = ["figure", ">features", ">shown", ">read", ">error", ">correlation", ">with share"]
    output.table(
        [*titles, ">.8: right", ">kept"],
        [
            [
                each.name,
                f"{each.features:,}",
                known(each.shown.value),
                known(each.read.value),
                _mean(each.error),
                _mean(each.correlation),
                _mean(each.with_true_share),
                _mean(each.precision),
                _mean(each.recall),
            ]
            for each in shown
        ],
    )
    output.prose(
        "error: mean difference of the two. with share: correlation of the figure with the share "
        "of a feature's active documents that the readers find the label true of. .8: right: of "
        "the features with .8 or more, those whose label is true of most active documents; kept: "
        "of these features, those with .8 or more."
    )


def _mean(mean: "Mean") -> str:
    if mean.value is None or mean.low is None or mean.high is None:
        return "-"
    return f"{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}]"
