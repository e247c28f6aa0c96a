"""`saetui embedders`: what can make the vectors of a corpus."""

from saetui.cli.options import AsJson


def embedders(*, as_json: AsJson = False) -> None:
    """List embedders: width, longest text, languages, size, search, speed, whether they are here.

    Name one with `saetui build CORPUS --embedder NAME`. nDCG@10 of minilm on SciFact, measured
    here: 0.65 by meaning alone, 0.74 with words.
    """
    from saetui.cli.output import Column, Output
    from saetui.embed import availability, known_embedders
    from saetui.embed.short_names import MODELS

    output = Output()
    found = []
    for kind in known_embedders():
        known = MODELS.get(kind.usage)
        ready, why = (None, "") if kind.argument else availability(kind.usage)
        found.append(
            {
                "name": kind.usage,
                "what": known.model if known else kind.summary,
                "dimensions": known.width if known else None,
                "tokens": known.tokens if known else None,
                "languages": known.languages if known else "",
                "megabytes": known.megabytes if known else None,
                "good_for": known.good_for if known else "",
                "available": ready,
                "why": why,
            }
        )
    if as_json:
        output.json(found)
        return
    columns = [
        Column("name"),
        Column("width", numeric=True),
        Column("tokens", numeric=True),
        Column("languages"),
        Column("MB", numeric=True),
        Column("here"),
        Column("good for"),
    ]
    short = [each for each in found if each["dimensions"]]
    output.table(
        columns,
        [
            [
                str(each["name"]),
                str(each["dimensions"]),
                f"{each['tokens']:,}" if each["tokens"] else "any",
                str(each["languages"]),
                str(each["megabytes"]),
                str(each["why"]),
                str(each["good_for"]),
            ]
            for each in short
        ],
    )
    output.heading("Others")
    output.table(
        [Column("name"), Column("what it is"), Column("here")],
        [
            [str(each["name"]), str(each["what"]), str(each["why"])]
            for each in found
            if not each["dimensions"]
        ],
    )
