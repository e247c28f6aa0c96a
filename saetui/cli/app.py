"""The table of commands."""

from typing import Annotated

import typer

from saetui.cli.add import add
from saetui.cli.bench import bench
from saetui.cli.bookmarks import bookmarks
from saetui.cli.build import build
from saetui.cli.compare import compare
from saetui.cli.demo import demo
from saetui.cli.doctor import check, doctor
from saetui.cli.document import document
from saetui.cli.embedders import embedders
from saetui.cli.evaluate import evaluate
from saetui.cli.evaluate_labels import evaluate_labels
from saetui.cli.export import export
from saetui.cli.families import families, family
from saetui.cli.feature import feature
from saetui.cli.features import features
from saetui.cli.fields import fields
from saetui.cli.importing import importing
from saetui.cli.keys import keys
from saetui.cli.labels import label, labels
from saetui.cli.lists import lists
from saetui.cli.map import feature_map
from saetui.cli.match import match
from saetui.cli.mcp import mcp
from saetui.cli.notes import notes
from saetui.cli.open import open_app
from saetui.cli.overview import overview
from saetui.cli.pair import compare_features
from saetui.cli.relate import relate
from saetui.cli.search import search
from saetui.cli.serve import serve
from saetui.cli.stats import stats
from saetui.cli.topics import topics
from saetui.cli.train import train
from saetui.cli.trends import trends
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


app.command(
    "demo",
    short_help="Explore the demo bundle, without any set-up.",
    epilog=_examples("demo", "search $(saetui demo --path) parsing"),
)(demo)
app.command(
    "build",
    short_help="Make a bundle from a corpus.",
    epilog=_examples(
        "build papers.jsonl -o my.bundle",
        "build arxiv-metadata-oai-snapshot.json --category astro-ph -o astro.bundle",
        "build notes.csv --columns text=body --columns id=key -o notes.bundle",
        "build papers.jsonl --embedder openai:text-embedding-3-small -o papers.bundle",
        "build few.jsonl --sae-from papers.bundle --extend 64 -o few.bundle",
    ),
)(build)
app.command(
    "add",
    short_help="Add documents to a bundle, or remove some.",
    epilog=_examples(
        "add my.bundle more.jsonl",
        "add my.bundle corrected.jsonl --replace",
        "add my.bundle --remove 0704.0001 --remove withdrawn.txt",
    ),
)(add)
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
app.command(
    "train",
    short_help="Train more SAEs, or compare variants and sizes.",
    epilog=_examples(
        "train my.bundle --sae k32-n1536 --sae matryoshka-k16-n768",
        "train my.bundle --sae-from other.bundle",
        "train my.bundle --compare",
        "train my.bundle --sweep",
        "train vectors.npy --sae k64-n9216 -o saes",
    ),
)(train)
app.command(
    "open",
    epilog=_examples("open my.bundle", "my.bundle", "open my.bundle --sae k16-n3072"),
)(open_app)
app.command(
    "overview",
    short_help="Show what is in a corpus.",
    epilog=_examples("overview my.bundle", "overview my.bundle --limit 0 --json"),
)(overview)
app.command(
    "search",
    short_help="Search by meaning or by words, steered by features.",
    epilog=_examples(
        'search my.bundle "dark matter halos" --why',
        'search my.bundle "dark matter halos" --steer 1234=+0.3 --steer "simulation=0"',
        'search my.bundle "" --steer "family:Black holes=0.5" --json',
        "search my.bundle --like 2408.00657 --away 1706.03762 --after 2024 --category cs.LG",
        'search my.bundle "dark matter" --has 12 --without 34 --save-preset dark.json',
        "search my.bundle - < abstract.txt",
        'search my.bundle "dark matter" --filter "after:2019 category:astro-ph" --export dark.bib',
        "search my.bundle --request - --json < request.json",
    ),
)(search)
app.command(
    "embedders",
    short_help="List embedders and what to expect of each.",
    epilog=_examples("embedders", "build papers.jsonl --embedder bge-small -o papers.bundle"),
)(embedders)
app.command(
    "fields",
    short_help="List the fields that filters can name.",
    epilog=_examples("fields my.bundle", "fields my.bundle --json"),
)(fields)
app.command(
    "bookmarks",
    short_help="List bookmarked searches.",
    epilog=_examples("bookmarks my.bundle", "search my.bundle --preset NAME"),
)(bookmarks)
app.command(
    "lists",
    short_help="List documents that you have marked.",
    epilog=_examples(
        "lists my.bundle",
        "lists my.bundle to-read --add doc-3 --note 'section 4'",
        "lists my.bundle to-read --export to-read.bib",
        "search my.bundle parsing --filter in:to-read",
    ),
)(lists)
app.command(
    "notes",
    short_help="List your own labels, bookmarks and notes.",
    epilog=_examples("notes my.bundle", "notes my.bundle --unmatched"),
)(notes)
app.command(
    "features",
    epilog=_examples(
        "features my.bundle black hole",
        "features my.bundle --sort density --limit 50",
        "features my.bundle --limit 0 --json",
    ),
)(features)
app.command(
    "feature",
    short_help="Show one feature and its documents.",
    epilog=_examples("feature my.bundle 1234", 'feature my.bundle "black holes" --json'),
)(feature)
app.command(
    "label",
    short_help="Let a language model write labels, or judge them.",
    epilog=_examples(
        "label my.bundle --with openai:gpt-4o-mini --only clean --budget 2 --estimate",
        "label my.bundle --with openai:llama3.1 --base-url http://localhost:11434/v1",
        'label my.bundle --judge openai:gpt-4o-mini --only "f1<0.6"',
    ),
)(label)
app.add_typer(labels, name="labels", help="Export and import labels.")
app.command(
    "export",
    short_help="Write a bundle, or an SAE of it, for other programs.",
    epilog=_examples(
        "export saelens my.bundle -o my-sae",
        "export neuronpedia my.bundle -o exports",
        "export atlas my.bundle -o documents.parquet",
        "export latent-scope my.bundle -o ~/latent-scope-data/my-corpus",
    ),
)(export)
app.command(
    "families",
    epilog=_examples("families my.bundle", "families my.bundle galaxies --json"),
)(families)
app.command(
    "family",
    short_help="Show one feature family as a tree.",
    epilog=_examples("family my.bundle 3", 'family my.bundle "black holes"'),
)(family)
app.command(
    "compare",
    short_help="Show what sets two groups of documents apart.",
    epilog=_examples(
        "compare my.bundle after:2020 before:2010",
        "compare my.bundle category:cs.CV --families",
        'compare my.bundle "search:dark matter" --examples 3',
        "compare my.bundle @ids.txt rest --filter after:2019 --export difference.csv",
    ),
)(compare)
app.command(
    "compare-features",
    short_help="Show two features side by side.",
    epilog=_examples('compare-features my.bundle 12 "black holes"'),
)(compare_features)
app.command(
    "relate",
    short_help="Show what goes with a number or with categories.",
    epilog=_examples(
        "relate my.bundle --to stars",
        "relate my.bundle --to categories --families",
        "relate my.bundle --to published --filter category:cs.LG --export years.csv",
    ),
)(relate)
app.command(
    "trends",
    short_help="Show what rises and falls over time.",
    epilog=_examples(
        "trends my.bundle",
        "trends my.bundle --by quarter --families",
        "trends my.bundle --filter category:cs.CL --json",
    ),
)(trends)
app.command(
    "topics",
    short_help="Put every document into one of N named topics.",
    epilog=_examples(
        "topics my.bundle -n 30",
        "topics my.bundle -n 10 -n 50 --export topics.csv",
        "topics my.bundle --against categories --json",
    ),
)(topics)
app.command(
    "map",
    short_help="Draw a map of the features.",
    epilog=_examples(
        "map my.bundle", "map my.bundle --find galaxy", "map my.bundle --export map.html"
    ),
)(feature_map)
app.command(
    "match",
    short_help="Match features between the SAEs of a bundle.",
    epilog=_examples("match my.bundle", 'match my.bundle "black holes" --sae k16-n768'),
)(match)
app.command(
    "document",
    epilog=_examples("document my.bundle 2408.00657", "document my.bundle --row 17 --json"),
)(document)
app.command(
    "keys",
    short_help="List the keys of the app, or write them to a file to change.",
    epilog=_examples("keys", "keys --write"),
)(keys)
app.command(
    "mcp",
    short_help="Let an assistant explore a bundle (Model Context Protocol).",
    epilog=_examples("mcp my.bundle"),
)(mcp)
app.command(
    "serve",
    short_help="Open the app in a browser.",
    epilog=_examples("serve my.bundle", "serve my.bundle --port 0"),
)(serve)
app.command(
    "stats",
    epilog=_examples(
        "stats my.bundle", "stats my.bundle --probe categories", "stats my.bundle --compare"
    ),
)(stats)
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
app.command(
    "bench",
    short_help="Measure how fast app and search are on a bundle.",
    epilog=_examples("bench my.bundle", "bench my.bundle --json"),
)(bench)
app.command("check", epilog=_examples("check my.bundle"))(check)
app.command("doctor", epilog=_examples("doctor", "doctor my.bundle"))(doctor)
