"""The table of commands."""

from collections.abc import Callable
from typing import Annotated

import typer

from saetui.cli.bench import bench
from saetui.cli.build import add, build
from saetui.cli.doctor import check, doctor
from saetui.cli.documents import document, fields
from saetui.cli.embedders import embedders
from saetui.cli.evaluate import evaluate
from saetui.cli.evaluate_labels import evaluate_labels
from saetui.cli.families import families, family
from saetui.cli.features import compare_features, feature, features
from saetui.cli.interop import export, importing
from saetui.cli.labels import label, labels
from saetui.cli.match import match
from saetui.cli.mcp import mcp
from saetui.cli.notes import bookmarks, lists, notes
from saetui.cli.open import demo, keys, open_app, serve
from saetui.cli.overview import feature_map, overview
from saetui.cli.questions import compare, relate, topics, trends
from saetui.cli.search import search
from saetui.cli.stats import stats
from saetui.cli.train import train
from saetui.version import __version__


def _examples(*lines: str) -> str:
    """Examples below a command's help; the first line keeps typer from joining the others."""
    return "\n".join(("\b", "Examples:", *(f"  saetui {line}" for line in lines)))


app = typer.Typer(
    # Help without rich is printed in half the time.
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_examples(
        "my.bundle",
        'search my.bundle "dark matter halos" --steer "galaxy clusters=+0.3"',
        "features my.bundle black hole",
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"saetui {__version__}")
        raise typer.Exit


def _command(
    function: Callable[..., None], about: str, *examples: str, name: str | None = None
) -> None:
    """Register a command.

    An empty `about` stands for the first line of its help; `examples` lack the program's name.
    """
    name = name or function.__name__.replace("_", "-")
    app.command(name, short_help=about or None, epilog=_examples(*examples))(function)


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
    # Declared for the help only; `saetui.cli.entry` removes it before typer parses the words.
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """See, question and steer what a text-embedding model knows.

    A bundle is a folder that holds a corpus, its embeddings and sparse autoencoders trained on
    them. Results go to standard output, everything else to standard error.
    """


_command(
    demo,
    "Explore the demo bundle, without any set-up.",
    "demo",
    "search $(saetui demo --path) parsing",
)
_command(
    build,
    "Make a bundle from a corpus.",
    "build papers.jsonl -o my.bundle",
    "build arxiv-metadata-oai-snapshot.json --category astro-ph -o astro.bundle",
    "build notes.csv --columns text=body --columns id=key -o notes.bundle",
    "build papers.jsonl --embedder openai:text-embedding-3-small -o papers.bundle",
    "build few.jsonl --sae-from papers.bundle --extend 64 -o few.bundle",
)
_command(
    add,
    "Add documents to a bundle, or remove some.",
    "add my.bundle more.jsonl",
    "add my.bundle corrected.jsonl --replace",
    "add my.bundle --remove 0704.0001 --remove withdrawn.txt",
)
app.add_typer(
    importing,
    name="import",
    short_help="Make a bundle from published files.",
    epilog=_examples(
        "import saerch published -o astro.bundle",
        "import saerch published --from-hub charlieoneill/embedding-saes --sae k64-n9216 "
        "-o astro.bundle",
    ),
)
_command(
    train,
    "Train more SAEs, or compare variants and sizes.",
    "train my.bundle --sae k32-n1536 --sae matryoshka-k16-n768",
    "train my.bundle --sae-from other.bundle",
    "train my.bundle --compare",
    "train my.bundle --sweep",
    "train vectors.npy --sae k64-n9216 -o saes",
)
_command(open_app, "", "open my.bundle", "my.bundle", "open my.bundle --sae k16-n3072", name="open")
_command(
    overview,
    "Show what is in a corpus.",
    "overview my.bundle",
    "overview my.bundle --limit 0 --json",
)
_command(
    search,
    "Search by meaning or by words, steered by features.",
    'search my.bundle "dark matter halos" --why',
    'search my.bundle "dark matter halos" --steer 1234=+0.3 --steer "simulation=0"',
    'search my.bundle "" --steer "family:Black holes=0.5" --json',
    "search my.bundle --like 2408.00657 --away 1706.03762 --after 2024 --category cs.LG",
    'search my.bundle "dark matter" --has 12 --without 34 --save-preset dark.json',
    "search my.bundle - < abstract.txt",
    'search my.bundle "dark matter" --filter "after:2019 category:astro-ph" --export dark.bib',
    "search my.bundle --request - --json < request.json",
)
_command(
    embedders,
    "List embedders and what to expect of each.",
    "embedders",
    "build papers.jsonl --embedder bge-small -o papers.bundle",
)
_command(
    fields, "List the fields that filters can name.", "fields my.bundle", "fields my.bundle --json"
)
_command(
    bookmarks, "List bookmarked searches.", "bookmarks my.bundle", "search my.bundle --preset NAME"
)
_command(
    lists,
    "List documents that you have marked.",
    "lists my.bundle",
    "lists my.bundle to-read --add doc-3 --note 'section 4'",
    "lists my.bundle to-read --export to-read.bib",
    "search my.bundle parsing --filter in:to-read",
)
_command(
    notes,
    "List your own labels, bookmarks and notes.",
    "notes my.bundle",
    "notes my.bundle --unmatched",
)
_command(
    features,
    "",
    "features my.bundle black hole",
    "features my.bundle --sort density --limit 50",
    "features my.bundle --limit 0 --json",
)
_command(
    feature,
    "Show one feature and its documents.",
    "feature my.bundle 1234",
    'feature my.bundle "black holes" --json',
)
_command(
    label,
    "Let a language model write labels, or judge them.",
    "label my.bundle --with openai:gpt-4o-mini --only clean --budget 2 --estimate",
    "label my.bundle --with openai:llama3.1 --base-url http://localhost:11434/v1",
    'label my.bundle --judge openai:gpt-4o-mini --only "f1<0.6"',
)
app.add_typer(labels, name="labels", help="Export and import labels.")
_command(
    export,
    "Write a bundle, or an SAE of it, for other programs.",
    "export saelens my.bundle -o my-sae",
    "export neuronpedia my.bundle -o exports",
    "export atlas my.bundle -o documents.parquet",
    "export latent-scope my.bundle -o ~/latent-scope-data/my-corpus",
)
_command(families, "", "families my.bundle", "families my.bundle galaxies --json")
_command(
    family,
    "Show one feature family as a tree.",
    "family my.bundle 3",
    'family my.bundle "black holes"',
)
_command(
    compare,
    "Show what sets two groups of documents apart.",
    "compare my.bundle after:2020 before:2010",
    "compare my.bundle category:cs.CV --families",
    'compare my.bundle "search:dark matter" --examples 3',
    "compare my.bundle @ids.txt rest --filter after:2019 --export difference.csv",
)
_command(
    compare_features,
    "Show two features side by side.",
    'compare-features my.bundle 12 "black holes"',
)
_command(
    relate,
    "Show what goes with a number or with categories.",
    "relate my.bundle --to stars",
    "relate my.bundle --to categories --families",
    "relate my.bundle --to published --filter category:cs.LG --export years.csv",
)
_command(
    trends,
    "Show what rises and falls over time.",
    "trends my.bundle",
    "trends my.bundle --by quarter --families",
    "trends my.bundle --filter category:cs.CL --json",
)
_command(
    topics,
    "Put every document into one of N named topics.",
    "topics my.bundle -n 30",
    "topics my.bundle -n 10 -n 50 --export topics.csv",
    "topics my.bundle --against categories --json",
)
_command(
    feature_map,
    "Draw a map of the features.",
    "map my.bundle",
    "map my.bundle --find galaxy",
    "map my.bundle --export map.html",
    name="map",
)
_command(
    match,
    "Match features between the SAEs of a bundle.",
    "match my.bundle",
    'match my.bundle "black holes" --sae k16-n768',
)
_command(document, "", "document my.bundle 2408.00657", "document my.bundle --row 17 --json")
_command(
    keys, "List the keys of the app, or write them to a file to change.", "keys", "keys --write"
)
_command(mcp, "Let an assistant explore a bundle (Model Context Protocol).", "mcp my.bundle")
_command(serve, "Open the app in a browser.", "serve my.bundle", "serve my.bundle --port 0")
_command(
    stats, "", "stats my.bundle", "stats my.bundle --probe categories", "stats my.bundle --compare"
)
evaluate.command("labels")(evaluate_labels)
app.add_typer(
    evaluate,
    name="evaluate",
    short_help="Measure labels, steering and search on a bundle.",
    epilog=_examples(
        "evaluate steering my.bundle --svg steering.svg",
        "evaluate retrieval my.bundle --queries queries.jsonl --qrels test.tsv",
        "evaluate labels my.bundle --sheet blind.csv",
        "evaluate labels my.bundle --judgements blind.csv --judge 'A. Reader'",
    ),
)
_command(
    bench,
    "Measure how fast app and search are on a bundle.",
    "bench my.bundle",
    "bench my.bundle --json",
)
_command(check, "", "check my.bundle")
_command(doctor, "", "doctor", "doctor my.bundle")
