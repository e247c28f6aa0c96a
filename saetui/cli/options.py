"""Arguments and options that several commands share."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.pipeline.options import SaeSource
    from saetui.train.options import TrainingOptions

BundlePath = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="Folder of a bundle.", show_default=False)
]
SaeName = Annotated[
    str | None,
    typer.Option("--sae", metavar="NAME", help="The SAE to use; by default the bundle's first."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Formulas = Annotated[
    bool,
    typer.Option(
        "--formulas",
        help="In CSV, leave texts that begin with =, +, - or @ as they are. A spreadsheet would "
        "compute them, so by default an apostrophe stands before them.",
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="WORDS", help="Words of the label.", show_default=False),
]
ListLimit = Annotated[
    int, typer.Option("--limit", min=0, metavar="N", help="How many to show; 0 shows all.")
]
DetailLimit = Annotated[
    int, typer.Option("--limit", min=1, metavar="N", help="How many entries to show in each list.")
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="The most passes over the corpus.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of all random numbers.")]
DeviceName = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Where to train: auto, cpu, cuda or mps.")
]
Stability = Annotated[
    bool | None,
    typer.Option(
        "--stability/--no-stability",
        help="Train again with another seed to see which features are found again. By default if "
        "that takes a few minutes at most.",
        show_default=False,
    ),
]
IndexKind = Annotated[
    str,
    typer.Option(
        "--index",
        metavar="KIND",
        help="exact, graph, projected, or milvus:URI for a Milvus database (Milvus Lite if it is a "
        "file). By default chosen by size.",
    ),
]
NewBundle = Annotated[
    Path, typer.Option("-o", "--output", metavar="BUNDLE", help="Folder of the bundle.")
]
NewName = Annotated[
    str, typer.Option("--name", help="The bundle's name; by default that of its folder.")
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
        help="Dollars per million input and output tokens, if the model's known price is missing "
        "or wrong.",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget", min=0, metavar="DOLLARS", help="The most that language models may cost in all."
    ),
]
CorpusFormat = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="Format of the corpus, if detecting it fails."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="OURS=THEIRS",
        help="The corpus's name for a field (id, title, text, url or published); may be repeated.",
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
Dates = Annotated[
    str | None,
    typer.Option(
        "--dates",
        metavar="dmy|mdy",
        help="Whether day or month comes first in dates such as 04/02/2007. By default as other "
        "dates of the corpus show it, else the month.",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", help="Encoding of the texts, such as cp1252; else guessed."
    ),
]
VocabularyFile = Annotated[
    str,
    typer.Option(
        "--vocabulary",
        metavar="FILE",
        help="Names of your field that labels have where they fit: one a line, or SKOS (.ttl, "
        ".rdf, .xml, .nt, .jsonld). The bundle keeps them; none forgets them.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Read only N documents.")
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
NewSaes = Annotated[
    list[str] | None,
    typer.Option(
        "--sae",
        metavar="[VARIANT-]kK-nN",
        help="SAE to train, such as k16-n768, batchtopk-k16-n768 or matryoshka-k16-n768; may "
        "be repeated. By default chosen for the corpus.",
    ),
]
SaeFrom = Annotated[
    str | None,
    typer.Option(
        "--sae-from",
        metavar="SAE",
        help="Take an SAE that was trained elsewhere: a bundle (its labels come along), a file or "
        "folder of SAELens, sparsify, latent-sae, dictionary_learning, HypotheSAEs, OpenAI or "
        "saerch, or OWNER/NAME[/FOLDER] on the Hugging Face hub.",
        show_default=False,
    ),
]
Extend = Annotated[
    int,
    typer.Option(
        "--extend",
        min=0,
        metavar="N",
        help="Learn N further features from what the SAE of --sae-from leaves unexplained.",
    ),
]
ForceSae = Annotated[
    bool, typer.Option("--force", help="Take the SAE of --sae-from even if it fails its self-test.")
]


Known = TypeVar("Known", bound=str)


def one_of(text: str, known: Iterable[Known], what: str) -> Known:
    """What a text names.

    Raises:
        InputError: It is none of the known names.
    """
    names = {str(each): each for each in known}
    if text not in names:
        raise InputError(f"'{text}' is not a {what}.", f"Choose one of {', '.join(names)}.")
    return names[text]


def sae_source(sae_from: str | None, extend: int, force: bool) -> "SaeSource | None":
    """The SAE that options ask for.

    Raises:
        InputError: An option that is about it is given without it.
    """
    from saetui.pipeline.options import SaeSource

    if sae_from is not None:
        return SaeSource(sae_from, extend, force)
    if extend or force:
        raise InputError(
            f"{'--extend' if extend else '--force'} is about an SAE that is given.",
            "Add --sae-from SAE.",
        )
    return None


def training_options(
    *,
    seed: int,
    device: str,
    epochs: int | None,
    samples: int | None = None,
    gigabytes: float | None = None,
) -> "TrainingOptions":
    """Training options from those of the command line.

    Raises:
        InputError: There is no such device.
    """
    from saetui.train.options import DEVICES, TrainingOptions

    usual = TrainingOptions()
    return TrainingOptions(
        seed=seed,
        device=one_of(device, DEVICES, "device"),
        max_epochs=usual.max_epochs if epochs is None else epochs,
        max_samples=samples,
        memory_bytes=usual.memory_bytes if gigabytes is None else int(gigabytes * (1 << 30)),
    )
