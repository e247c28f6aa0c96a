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
