"""`saetui label`: labels by a language model; `saetui labels`: export and import labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BaseUrl, Budget, BundlePath, Formulas, Price, SaeName, one_of
from saetui.cli.output import Output
from saetui.cli.progress import shown_progress
from saetui.errors import InputError, SaetuiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from saetui.interop.feature_files import Judgement
    from saetui.interpret.llm import CostEstimate, ModelSettings
    from saetui.pipeline.model_labels import Labelled, LabellingOutcome
    from saetui.session.session import Session
    from saetui.store.labels import LabelRecord

labels = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def label(
    bundle: BundlePath,
    *,
    labeller: Annotated[
        str | None,
        typer.Option("--with", metavar="openai:MODEL", help="The model that writes labels."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="openai:MODEL",
            help="The model that judges labels on held-out documents; without --with, it judges "
            "the existing labels.",
        ),
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            metavar="WHICH",
            help='Features to label: all, clean, numbers such as 3,14,15, or a filter: "f1<0.6".',
        ),
    ] = "all",
    families: Annotated[
        bool,
        typer.Option(
            "--families",
            help="Label families instead of features, from the labels of their members; --only "
            "then takes all or numbers of families.",
        ),
    ] = False,
    budget: Budget = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", min=0, help="The most tokens to use, in total.")
    ] = None,
    price: Price = None,
    judge_price: Annotated[
        str | None, typer.Option("--judge-price", metavar="IN,OUT", help="The same for the judge.")
    ] = None,
    base_url: BaseUrl = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, help="Requests at a time.")
    ] = 8,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only estimate what it will cost.")
    ] = False,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Let a language model write labels for features or families, or judge them.

    Works with any endpoint that speaks OpenAI's protocol: OpenAI, Azure, Ollama, vLLM, llama.cpp.
    The estimated cost is shown before the first request. Earlier labels are kept. After an
    interruption, the same command continues, and nothing is paid for twice.
    """
    from saetui.interpret.llm import Budget
    from saetui.pipeline.feature_and_family_labels import FamilyLabels, FeatureLabels
    from saetui.pipeline.model_labels import LabellingJob, Models

    with opened(bundle, sae) as session, shown_progress() as progress:
        models = Models(
            _model(labeller, base_url, price, concurrency),
            _model(judge, base_url, judge_price, concurrency),
            Budget(budget, tokens),
        )
        labelled: Labelled
        if families:
            numbers = _chosen_families(session, only)
            labelled = FamilyLabels(session.bundle, session.sae, numbers, progress)
        else:
            chosen = _chosen(session, only)
            labelled = FeatureLabels(session.bundle, session.sae, chosen, progress)
        job = LabellingJob(session.bundle, labelled, models, progress)
        expected = job.estimate()
        progress.note(expected.in_words())
        if estimate:
            if as_json:
                Output().json(_expected(expected))
            return
        outcome = job.run()
    if outcome.labelled and not families:
        _estimate_truth(bundle)
    if as_json:
        Output().json(_done(outcome))
    else:
        _print(outcome, "family" if families else "feature")


def _model(
    spec: str | None, base_url: str | None, price: str | None, concurrency: int
) -> "ModelSettings | None":
    from saetui.interpret.llm import model_settings, parse_price

    if not spec:
        return None
    known = parse_price(price) if price else None
    return model_settings(spec, base_url=base_url, price=known, concurrency=concurrency)


def _chosen(session: "Session", only: str) -> list[int]:
    """Numbers of the features that `--only` selects."""
    from saetui.session.features.feature_filter import CLEAN

    if only == "all":
        return [record.id for record in session.features if record.documents]
    parts = [part.strip() for part in only.split(",")]
    if all(part.isdecimal() for part in parts):
        return [session.features.record(int(part)).id for part in dict.fromkeys(parts)]
    found = [record.id for record in session.find_features(CLEAN if only == "clean" else only)]
    if not found:
        raise InputError(f"No feature fits '{only}'.", "See them with: saetui features BUNDLE")
    return found


def _chosen_families(session: "Session", only: str) -> tuple[int, ...] | None:
    """Numbers of the families that `--only` selects; None for all."""
    if only == "all":
        return None
    parts = [part.strip() for part in only.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InputError(
            f"'{only}' is not a list of family numbers.",
            "Give --only all or numbers such as 3,14,15.",
        )
    return tuple(session.features.lookup.family(part).id for part in dict.fromkeys(parts))


def _expected(expected: "CostEstimate") -> dict[str, object]:
    return {
        "requests": expected.questions,
        "answered_already": expected.replayed,
        "prompt_tokens": expected.prompt_tokens,
        "completion_tokens": expected.completion_tokens,
        "dollars": expected.dollars,
    }


def _done(outcome: "LabellingOutcome") -> dict[str, object]:
    return {
        "labelled": len(outcome.labelled),
        "known": outcome.known,
        "failed": {str(number): reason for number, reason in outcome.failed.items()},
        "judged": outcome.judged,
        "dollars": outcome.spending.dollars,
        "tokens": outcome.spending.tokens,
        "caveats": list(outcome.spending.caveats),
    }


def _print(outcome: "LabellingOutcome", kind: str) -> None:
    known = f" ({outcome.known:,} were known)" if outcome.known else ""
    typer.echo(
        f"{len(outcome.labelled):,} new labels{known}, {outcome.judged:,} labels judged, "
        f"{len(outcome.failed):,} failed. In all ${outcome.spending.dollars:.4f}, "
        f"{outcome.spending.tokens:,} tokens."
    )
    for caveat in outcome.spending.caveats:
        typer.echo(caveat)
    for number, reason in list(outcome.failed.items())[:5]:
        typer.echo(f"{kind} {number}: {reason}", err=True)


def newest_labels(session: "Session") -> "dict[int, LabelRecord]":
    """The label that each feature has now, with where it came from."""
    return {
        label.feature: label
        for record in session.features
        for label in session.sae.labels(record.id)
        if label.version == record.version
    }


@labels.command("export")
def export(
    bundle: BundlePath,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Ends in .csv or .jsonl.", show_default=False)
    ],
    *,
    kind: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="csv, jsonl or neuronpedia.")
    ] = None,
    formulas: Formulas = False,
    sae: SaeName = None,
) -> None:
    """Write the current label of every feature to a file, with provenance, scores, judgements."""
    from saetui.interop.feature_files import FORMATS, format_of, write_labels

    chosen = format_of(file) if kind is None else one_of(kind, FORMATS, "format")
    with opened(bundle, sae) as session:
        provenance = newest_labels(session)
        names = session.bundle.manifest.name, session.sae.record.name
        features = session.features
        judged = {
            feature: notes.judged(features[feature].label)
            for feature, notes in features.notes.items()
        }
        written = write_labels(
            file,
            chosen,
            session.features,
            provenance,
            judged,
            bundle=names[0],
            sae=names[1],
            formulas=formulas,
        )
    typer.echo(f"Wrote {written:,} labels to {file}.")


@labels.command("import")
def import_(
    bundle: BundlePath,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with columns feature and label, JSON Lines, or Neuronpedia's explanations.",
            show_default=False,
        ),
    ],
    *,
    sae: SaeName = None,
) -> None:
    """Add labels from a file; earlier labels are kept, and your own take precedence.

    Of how many documents they are true is estimated at once. Judgements in the file are added to
    yours.
    """
    from saetui.interop.feature_files import read_labels_from
    from saetui.pipeline.label_records import store_labels, today

    with opened(bundle, sae) as session:
        record = session.sae.record
        read, judged = read_labels_from(file, record.n, today())
        found = [_as_written(label, session.sae.labels(label.feature)) for label in read]
    store_labels(bundle, record.name, found, ())
    if judged:
        _keep(bundle, record.name, judged)
    said = f" and {len(judged):,} judgements" if judged else ""
    typer.echo(f"Added {len(found):,} labels{said} to {record.name}.")
    if found:
        _estimate_truth(bundle)


def _as_written(label: "LabelRecord", known: "Iterable[LabelRecord]") -> "LabelRecord":
    """A label that was read, as one of a person if its text was changed in an exported file.

    Such a file still says that it was made here, and what was made here is made anew in time.
    """
    from dataclasses import replace

    from saetui.interop.feature_files import IMPORTED
    from saetui.pipeline.label_records import AUTOMATIC

    if label.method not in AUTOMATIC or any(each.text == label.text for each in known):
        return label
    return replace(label, method=IMPORTED)


def _estimate_truth(bundle: Path) -> None:
    """Estimate of how many documents labels that were added are true, if that can be done here."""
    from saetui.pipeline.build import bring_up_to_date

    try:
        with shown_progress() as progress:
            bring_up_to_date(bundle, progress)
    except SaetuiError as error:
        typer.echo(f"Of how many documents they are true is not known: {error.message}", err=True)


def _keep(bundle: Path, sae: str, judged: "Sequence[Judgement]") -> None:
    from saetui.store.notes import TRUE, UNTRUE

    with opened(bundle, sae) as session:
        for each in judged:
            text = TRUE if each.true else UNTRUE
            session.note(each.feature, "judged", text, about=each.label, document=each.document)
