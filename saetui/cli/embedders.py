"""`saetui embedders`: what can make the vectors of a corpus."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.options import AsJson
from saetui.cli.output import Output

if TYPE_CHECKING:
    from saetui.embed.registry import KnownModel

# As long as an abstract, and so many that torch embeds them, as it does a corpus.
_WORDS, _TEXTS = 180, 32


def embedders(
    *,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="Measure how many abstracts a second those embed that are here."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List embedders: width, longest text, languages, size, search, speed, whether they are here.

    Name one with `saetui build CORPUS --embedder NAME`. SciFact: nDCG@10 by meaning alone, as
    published; that of minilm was measured (0.74 with words). Abstracts a second are estimated for
    two cores from what minilm does, unless they are measured.
    """
    from saetui.embed import availability, known_embedders
    from saetui.embed.registry import MINILM, MODELS

    output = Output()
    found = []
    for kind in known_embedders():
        known = MINILM if kind.usage == "minilm" else MODELS.get(kind.usage)
        ready, why = (None, "") if kind.argument else availability(kind.usage)
        here = known is not None and _is_here(kind.usage, known)
        found.append(
            {
                "name": kind.usage,
                "what": known.model if known else kind.summary,
                "dimensions": known.width if known else None,
                "tokens": known.tokens if known else None,
                "languages": known.languages if known else "",
                "megabytes": known.megabytes if known else None,
                "scifact": known.scifact if known else None,
                "per_second": _per_second(kind.usage, known, here=here and measure),
                "measured": here and measure,
                "good_for": known.good_for if known else "",
                "available": ready,
                "here": here,
                "why": why,
            }
        )
    if as_json:
        output.json(found)
        return
    titles = ["name", ">width", ">tokens", "languages", ">MB", ">SciFact", ">abstracts/s"]
    output.table(
        [*titles, "here", "good for"],
        [
            [
                each["name"],
                each["dimensions"],
                f"{each['tokens']:,}" if each["tokens"] else "any",
                each["languages"],
                each["megabytes"],
                f"{each['scifact']:.3f}",
                f"{'' if each['measured'] else '~'}{each['per_second']:,.0f}",
                "ready" if each["here"] else each["why"],
                each["good_for"],
            ]
            for each in found
            if each["dimensions"]
        ],
    )
    output.heading("Others")
    output.table(
        ["name", "what it is", "here"],
        [[each["name"], each["what"], each["why"]] for each in found if not each["dimensions"]],
    )


def _per_second(name: str, known: "KnownModel | None", *, here: bool) -> float | None:
    """Abstracts a second: measured where asked for and possible, else estimated."""
    from saetui.embed import load_embedder
    from saetui.embed.registry import MINILM_PER_SECOND

    if here:
        embedder = load_embedder(name)
        texts = [f"{'galaxies of the early universe ' * (_WORDS // 5)}{i}" for i in range(_TEXTS)]
        embedder.embed_documents(texts[: _TEXTS // 2 + 1])
        started = time.perf_counter()
        embedder.embed_documents(texts)
        return _TEXTS / (time.perf_counter() - started)
    return None if known is None else MINILM_PER_SECOND / known.pace


def _is_here(name: str, known: "KnownModel") -> bool:
    """Whether its weights and what reads them are on this machine."""
    from importlib.util import find_spec

    from saetui.embed.minilm import installed_folder
    from saetui.embed.registry import snapshots_of

    if name == "minilm":
        return installed_folder() is not None
    return find_spec("sentence_transformers") is not None and bool(snapshots_of(known.model))
