"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

BundlePath = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="Folder of a bundle.", show_default=False)
]
SaeName = Annotated[
    str | None,
    typer.Option("--sae", metavar="NAME", help="The SAE to use; the bundle's first if not given."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="WORDS", help="Words of the label.", show_default=False),
]
ListLimit = Annotated[
    int, typer.Option("--limit", min=0, metavar="N", help="How many to show; 0 shows all.")
]
DetailLimit = Annotated[
    int, typer.Option("--limit", min=1, metavar="N", help="Entries in each list.")
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes over the corpus at most.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything random.")]
DeviceName = Annotated[
    str,
    typer.Option("--device", metavar="NAME", help="Where to train: auto, cpu, cuda or mps."),
]
Stability = Annotated[
    bool | None,
    typer.Option(
        "--stability/--no-stability",
        help="Train again with another seed to see which features come back. If not given, where "
        "it takes minutes at most.",
        show_default=False,
    ),
]
IndexKind = Annotated[
    str,
    typer.Option(
        "--index",
        metavar="KIND",
        help="exact, graph, projected, or milvus:URI for a Milvus database (a file: Milvus Lite). "
        "Chosen from the size if not given.",
    ),
]
NewBundle = Annotated[
    Path, typer.Option("-o", "--output", metavar="BUNDLE", help="Folder of the bundle.")
]
NewName = Annotated[
    str, typer.Option("--name", help="What to call the bundle; its folder if not given.")
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="Address of an OpenAI-compatible server, such as http://localhost:11434/v1.",
    ),
]
Price = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="IN,OUT",
        help="Dollars per million tokens, if a language model's are not known or not these.",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget", min=0, metavar="DOLLARS", help="Most that language models may cost in all."
    ),
]
CorpusFormat = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="Of the corpus, where its content misleads."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="OURS=THEIRS",
        help="Where a field is: id, title, text, url or published; may be repeated.",
    ),
]
Category = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        metavar="NAME",
        help="Keep documents of a category, such as astro-ph or cs.LG; may be repeated.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Read so many documents.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first record that cannot be used.")
]
Retrain = Annotated[
    bool,
    typer.Option(
        "--retrain",
        help="Train SAEs that the bundle has again; labels, notes and bookmarks follow the "
        "features that match.",
    ),
]
