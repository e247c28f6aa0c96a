"""`saetui evaluate`: what steering does, and how well search finds, on one's own bundle."""

from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BaseUrl, Budget, BundlePath, Price, SaeName, Seed
from saetui.cli.output import Output
from saetui.cli.progress import shown_progress
from saetui.core.changes import BY_DOCUMENTS
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.core.codec import Float
    from saetui.evaluate.recognition import Axis
    from saetui.interpret.llm import LanguageModel
    from saetui.session.session import Session

evaluate = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Measure labels, steering and search on a bundle.",
)

Direction = Literal["up", "down"]
# Of a document without a title as many words stand for it.
_LONGEST_TITLE = 25


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
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            metavar="JUDGE",
            help="Have one more judge: embedder:SPEC for another embedder than the bundle's, such "
            "as embedder:minilm, or a language model such as openai:gpt-4o-mini, which is asked "
            "about every strength of every way. Can be given several times.",
        ),
    ] = None,
    semantic: Annotated[
        bool, typer.Option("--semantic", help="Search by meaning alone, not by words, too.")
    ] = False,
    base_url: BaseUrl = None,
    price: Price = None,
    budget: Budget = None,
    seed: Seed = 0,
    sae: SaeName = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg",
            metavar="FILE",
            help="Save the figure as a picture, by the first judge named or else by words.",
        ),
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
    one that went down: by chance one in five. Two of them read words alone; --judge adds others.
    """
    from saetui.cli import evaluate_text
    from saetui.evaluate.language_model import rewritten_queries
    from saetui.evaluate.recognition import Summary, recognised
    from saetui.evaluate.steering import run
    from saetui.evaluate.steering_setup import language_models_in, load_judge, prepare

    queries = _lines(file) if file else None
    asked = list(dict.fromkeys(judge or []))
    with ExitStack() as stack:
        session = stack.enter_context(opened(bundle, sae))
        progress = stack.enter_context(shown_progress())
        specs = [*([rewriter] if rewriter is not None else []), *language_models_in(asked)]
        models = _models(stack, session, specs, base_url=base_url, price=price, dollars=budget)
        named = [
            load_judge(spec, session.bundle, session.sae, models, seed=seed, base_url=base_url)
            for spec in asked
        ]
        prepared = prepare(
            session.bundle,
            session.sae,
            session.embedder,
            progress,
            count=count,
            seed=seed,
            queries=queries,
            words=None if semantic else session.searcher.terms.of_words,
            shows=None if semantic else session.searcher.terms.shown,
        )
        bench, trials = replace(prepared.bench, only=only), prepared.trials
        embed = session.embedder.embed_query
        curves = run(bench, trials, embed)
        if rewriter is not None:
            texts = rewritten_queries(models[rewriter], trials, bench.names, progress, only)
            way = f"rewritten by {rewriter.partition(':')[2]}"
            curves.append(bench.reworded(way, trials, texts, embed))
        judges = [*prepared.judges, *named]
        curves = recognised(curves, trials, judges, progress)
    summary = Summary(len(prepared.trials), seed)
    points = [point for curve in curves for point in summary.points(curve)]
    levels = [
        level
        for axis, value in _LEVELS
        for curve in curves
        # The query itself stays as it is in these modes.
        if not (axis == "fidelity" and curve.way in BY_DOCUMENTS)
        for level in [summary.at(curve, axis, value)]
        if level.strength.value is not None
    ]
    if table:
        _write(table, evaluate_text.as_csv(points))
    if svg:
        _write(svg, evaluate_text.as_svg(points, (named or judges)[0].name))
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


def _models(
    stack: ExitStack,
    session: "Session",
    specs: list[str],
    *,
    base_url: str | None,
    price: str | None,
    dollars: float | None,
) -> "dict[str, LanguageModel]":
    """Language models that share one budget; replies are kept, and paid once."""
    if not specs:
        return {}
    from saetui.interpret.llm import Budget, LanguageModel, model_settings, parse_price
    from saetui.pipeline.model_labels import open_ledger

    known = parse_price(price) if price else None
    settings = {spec: model_settings(spec, base_url=base_url, price=known) for spec in specs}
    ledger = stack.enter_context(
        open_ledger(
            session.bundle, session.sae, list(settings.values()), Budget(dollars), "steering"
        )
    )
    return {spec: LanguageModel(each, ledger) for spec, each in settings.items()}


def _write(path: Path, text: str) -> None:
    from saetui.store.atomic import named_if_unwritable

    with named_if_unwritable(path):
        path.write_text(text, "utf-8")


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}).", "Name a text file.") from None
    return [line.strip() for line in lines if line.strip()]


@evaluate.command("queries")
def queries(
    bundle: BundlePath,
    *,
    count: Annotated[
        int, typer.Option("--queries", min=1, metavar="N", help="How many titles to draw.")
    ] = 1_000,
    seed: Seed = 0,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Are the first features of a query right, and not those of any short text?

    Titles and their first five words stand for queries. Each is encoded as documents are, as
    queries are here, and so again without the title's own document among the nearest ones, which
    have a say; then of all features only those that the query surely asks about.
    """
    import numpy as np

    from saetui.cli.evaluate_text import print_query_features
    from saetui.core.codec import encode
    from saetui.evaluate.queries import query_features

    with opened(bundle, sae) as session, shown_progress() as progress:
        rows = np.random.default_rng(seed).permutation(len(session.bundle))[:count]
        titles = [
            (row, " ".join(title.split()[:_LONGEST_TITLE]))
            for row, (_, title, _) in session.bundle.documents.headings(rows.tolist()).items()
        ]
        encoder, weights = session.searcher.encoder, session.sae.weights

        def as_document(e: "Float") -> list[int]:
            active = encode(weights, e).indices[0]
            return [int(feature) for feature in active[active >= 0]]

        found = query_features(
            titles,
            session.sae.codes,
            session.embedder.embed_query,
            {
                "as documents": lambda text, e, row: as_document(e),
                "as queries": lambda text, e, row: encoder.encoded(text, e).first,
                "without its document": lambda text, e, row: encoder.encoded(text, e, row).first,
                "so, and sure": lambda text, e, row: encoder.encoded(text, e, row).sure,
            },
            progress=progress,
            seed=seed,
        )
        names = [session.name(each.feature) for each in found]
    output = Output()
    if as_json:
        output.json({"seed": seed, "queries": [asdict(each) for each in found]})
    else:
        print_query_features(output, found, names)


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
    strength: Annotated[
        float | None,
        typer.Option(
            "--strength", help="How strong feedback is; each mode has its own if not given."
        ),
    ] = None,
    seed: Seed = 0,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """How well search finds what was judged relevant: nDCG@10 and recall@100.

    Search by meaning, by words, by both, and through the SAE's reconstructions are compared; and
    for queries with several relevant documents, search steered toward one of them, judged on the
    others, with search that was told nothing. All of the latter goes by meaning and words.
    """
    from saetui.cli.evaluate_text import print_qualities
    from saetui.evaluate import retrieval as measures
    from saetui.evaluate.beir import read_collection

    with opened(bundle, sae) as session, shown_progress() as progress:
        terms, stored = session.searcher.terms, session.sae
        collection = read_collection(
            session.bundle, session.embedder, queries, qrels, progress, words=terms.of_words
        )
        coded = measures.Coded(
            stored.weights,
            stored.codes,
            stored.postings,
            terms.shown,
            session.searcher.encoder.code,
            terms.of_liked,
        )
        found = [
            measures.by_meaning(collection, seed),
            measures.by_words(collection, seed),
            measures.fused(collection, seed),
            measures.reconstructed(collection, coded, seed),
        ]
        ways = measures.ways_of_feedback(strength)
        fed = measures.with_feedback(collection, coded, ways, seed)
    output = Output()
    if as_json:
        output.json(
            {"seed": seed, "all": list(map(asdict, found)), "feedback": list(map(asdict, fed))}
        )
        return
    print_qualities(output, found)
    if fed:
        output.heading("One relevant document given, judged on the others")
        print_qualities(output, fed)
