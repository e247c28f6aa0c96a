"""`saetui evaluate`: what steering does, and how well search finds, on one's own bundle."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, SaeName, Seed
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.evaluate.retrieval import Quality
    from saetui.evaluate.steering_setup import Prepared
    from saetui.evaluate.summary import Axis
    from saetui.progress import Progress

evaluate = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Measure steering and search on a bundle."
)

Direction = Literal["up", "down"]

_LEVELS: "tuple[tuple[Axis, float], ...]" = (
    ("fidelity", 0.9),
    ("fidelity", 0.8),
    ("fidelity", 0.7),
    ("nearness", 0.95),
    ("nearness", 0.9),
    ("nearness", 0.8),
)


@evaluate.command("steering")
def steering(
    bundle: BundlePath,
    *,
    count: Annotated[
        int,
        typer.Option(
            "--queries", min=1, metavar="N", help="Titles of held-out documents to ask for."
        ),
    ] = 200,
    file: Annotated[
        Path | None,
        typer.Option("--query-file", metavar="FILE", help="Ask for these instead, one a line."),
    ] = None,
    only: Annotated[
        Direction | None,
        typer.Option("--only", help="Raise or lower a feature alone, instead of both at once."),
    ] = None,
    rewriter: Annotated[
        str | None,
        typer.Option(
            "--rewriter",
            metavar="MODEL",
            help="Have a language model rewrite the queries, too, such as openai:gpt-4o-mini; it "
            "is asked once for each query.",
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="Of the language model's endpoint."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", min=0, metavar="DOLLARS", help="Most that it may cost."),
    ] = None,
    seed: Seed = 0,
    sae: SaeName = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save the figure as a picture.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Save every point of every curve.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Can one tell from the results what steering did, and how much of the query is kept?

    Each query raises a feature that it lacks and lowers one that it has, with rising strength, in
    every mode; the same is asked for in words. Judges that know nothing of the SAE or its
    embedder see results before and after, and pick from five labels the one that went up and the
    one that went down: by chance one in five.
    """
    from saetui.cli import evaluate_text
    from saetui.cli.output import Output
    from saetui.cli.progress import shown_progress
    from saetui.evaluate.judging import JUDGES
    from saetui.evaluate.steering import run
    from saetui.evaluate.steering_setup import prepare
    from saetui.evaluate.summary import Summary

    queries = _lines(file) if file else None
    with opened(bundle, sae) as session, shown_progress() as progress:
        prepared = prepare(
            session.bundle,
            session.sae,
            session.embedder,
            progress,
            count=count,
            seed=seed,
            queries=queries,
        )
        curves = run(
            prepared.bench,
            prepared.trials,
            session.embedder.embed_query,
            progress,
            raising=only != "down",
            lowering=only != "up",
        )
        if rewriter is not None:
            texts = _rewritten(
                rewriter, prepared, progress, base_url=base_url, dollars=budget, only=only
            )
            way = f"rewritten by {rewriter.partition(':')[2]}"
            embed = session.embedder.embed_query
            curves.append(prepared.bench.reworded(way, prepared.trials, texts, embed))
    summary = Summary(len(prepared.trials), seed)
    points = [point for curve in curves for point in summary.points(curve)]
    levels = [
        level
        for axis, value in _LEVELS
        for curve in curves
        # The query itself stays as it is in this mode.
        if not (axis == "fidelity" and curve.way == "codes")
        for level in [summary.at(curve, axis, value)]
        if level.strength.value is not None
    ]
    if table:
        _write(table, evaluate_text.as_csv(points))
    if svg:
        _write(svg, evaluate_text.as_svg(points, JUDGES[0]))
    output = Output()
    if as_json:
        output.json(
            {
                "trials": len(prepared.trials),
                "queries": prepared.queries,
                "features": prepared.eligible,
                "seed": seed,
                "levels": [asdict(level) for level in levels],
                "points": [asdict(point) for point in points],
            }
        )
        return
    evaluate_text.print_steering(output, prepared, seed, points, levels)


def _rewritten(
    spec: str,
    prepared: "Prepared",
    progress: "Progress",
    *,
    base_url: str | None,
    dollars: float | None,
    only: Direction | None,
) -> list[str]:
    """The trials' queries as a language model rewrites them; replies are kept, and paid once."""
    from saetui.evaluate.rewriting import rewritten_queries
    from saetui.interpret.llm import Budget, LanguageModel, Ledger, model_settings
    from saetui.paths import cache_dir

    folder = cache_dir() / "llm"
    folder.mkdir(parents=True, exist_ok=True)
    settings = model_settings(spec, base_url=base_url)
    budget = Budget(dollars)
    with Ledger(folder / "replies.sqlite", f"rewriting|{spec}", budget) as ledger:
        return rewritten_queries(
            LanguageModel(settings, ledger),
            prepared.trials,
            prepared.bench.names,
            progress,
            raising=only != "down",
            lowering=only != "up",
        )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}).", "Choose another place."
        ) from None


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}).", "Name a text file.") from None
    return [line.strip() for line in lines if line.strip()]


@evaluate.command("retrieval")
def retrieval(
    bundle: BundlePath,
    *,
    queries: Annotated[
        Path,
        typer.Option("--queries", metavar="FILE", help="JSON Lines with _id and text, as in BEIR."),
    ],
    qrels: Annotated[
        Path,
        typer.Option(
            "--qrels", metavar="FILE", help="Judgements: query, document, relevance, tabs between."
        ),
    ],
    strength: Annotated[float, typer.Option("--strength", help="How strong feedback is.")] = 0.25,
    seed: Seed = 0,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """How well search finds what was judged relevant: nDCG@10 and recall@100.

    Plain search is compared with search through the SAE's reconstructions; and for queries with
    several relevant documents, search steered toward one of them, judged on the others, with
    search that was told nothing.
    """
    from saetui.cli.evaluate_text import print_qualities
    from saetui.cli.output import Output
    from saetui.cli.progress import shown_progress
    from saetui.evaluate import retrieval as measures
    from saetui.evaluate.judged import judged_collection

    with opened(bundle, sae) as session, shown_progress() as progress:
        collection = judged_collection(session.bundle, session.embedder, queries, qrels, progress)
        coded = measures.Coded(session.sae.weights, session.sae.codes, session.sae.postings)
        found = [
            measures.plain(collection, seed),
            measures.reconstructed(collection, coded, seed),
        ]
        ways = measures.ways_of_feedback(strength)
        fed = measures.with_feedback(collection, coded, ways, seed)
    output = Output()
    if as_json:
        output.json({"seed": seed, "all": _qualities(found), "feedback": _qualities(fed)})
        return
    print_qualities(output, found)
    if fed:
        output.heading("One relevant document given, judged on the others")
        print_qualities(output, fed)


def _qualities(found: "list[Quality]") -> list[dict[str, Any]]:
    return [asdict(each) for each in found]
