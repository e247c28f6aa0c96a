"""Show the results of `saetui evaluate` as text, as CSV and as a picture."""

from typing import TYPE_CHECKING

from saetui.cli.output import Output, estimate
from saetui.cli.plots import Series, plot, svg_plot
from saetui.core.changes import BY_DOCUMENTS
from saetui.text import csv_text, visible_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saetui.evaluate.queries import QueryFeatures
    from saetui.evaluate.recognition import Axis, Level, Mean, Point
    from saetui.evaluate.retrieval import Quality
    from saetui.evaluate.steering_setup import Prepared

AXES: "dict[Axis, str]" = {
    "fidelity": "cosine of the query before and after",
    "nearness": "nearness of the results to the query, as a share",
}
"""What is kept of the query, in words."""

_PLAIN = ("fidelity", "nearness", "replaced", "having", "lowered")
_RECOGNISED = (">up", ">down")


def print_steering(
    output: Output, prepared: "Prepared", seed: int, points: "list[Point]", levels: "list[Level]"
) -> None:
    """Print tables of every strength of every way, the ways at equal cost, and plots."""
    judges = list(points[0].up)
    output.line(
        f"{len(prepared.trials):,} trials of {prepared.queries:,} queries, "
        f"{prepared.eligible:,} features to draw from, seed {seed}. Chance: 0.20."
    )
    output.heading("Every strength")
    output.table(
        ["way", ">strength", ">fidelity", ">nearness", ">replaced", ">active on", ">off"],
        [
            [
                point.way,
                f"{point.strength:g}",
                *(f"{getattr(point, name).value:.2f}" for name in _PLAIN),
            ]
            for point in points
        ],
    )
    # A table for each judge, because two judges in one table do not fit into 80 columns.
    for judge in judges:
        output.heading(f"Every strength, recognised by {judge}")
        output.table(
            ["way", ">strength", *_RECOGNISED],
            [[point.way, f"{point.strength:g}", *_recognised(point, judge)] for point in points],
        )
    output.heading("At equal cost to the query")
    output.table(
        ["at", "way", ">strength"],
        [
            [f"{level.axis} {level.level:g}", level.way, f"{level.strength.value:.2f}"]
            for level in levels
        ],
    )
    for judge in judges:
        output.heading(f"At equal cost to the query, recognised by {judge}")
        output.table(
            ["at", "way", *_RECOGNISED],
            [
                [f"{level.axis} {level.level:g}", level.way, *_recognised(level, judge)]
                for level in levels
            ],
        )
    for judge in judges:
        for axis, name in AXES.items():
            output.heading(f"Raised feature recognised by {judge}, by {name}")
            for line in plot(series_of(points, judge, axis), unicode=output.unicode):
                output.line(line)


def _recognised(figures: "Point | Level", judge: str) -> list[str]:
    return [
        estimate((each.value, each.low, each.high))
        for each in (figures.up[judge], figures.down[judge])
    ]


def series_of(points: "list[Point]", judge: str, axis: "Axis") -> list[Series]:
    """How often a judge recognises the raised feature, by how much of the query is kept."""
    series = []
    for way in dict.fromkeys(point.way for point in points):
        # Where documents are steered by what they show, fidelity is constant and has no curve.
        shown = not (axis == "fidelity" and way in BY_DOCUMENTS)
        own = [point for point in points if shown and point.way == way]
        across = [point.fidelity if axis == "fidelity" else point.nearness for point in own]
        series.append(
            Series(
                way,
                [each.value or 0.0 for each in across],
                [point.up[judge].value or 0.0 for point in own],
            )
        )
    return series


def as_svg(points: "list[Point]", judge: str) -> str:
    """The figure as a picture."""
    return svg_plot(
        series_of(points, judge, "nearness"),
        title="What steering keeps of a query, and whether one can tell what it did",
        across=AXES["nearness"],
        up=f"raised feature recognised by {judge}",
    )


def as_csv(points: "list[Point]") -> str:
    """Every point with the ends of its intervals."""
    judges = list(points[0].up)
    named = [*_PLAIN, *(f"{what} {judge}" for judge in judges for what in ("up", "down"))]
    ends = ("", " low", " high")
    rows: list[list[object]] = [
        ["way", "strength", *(name + end for name in named for end in ends)]
    ]
    for point in points:
        means: list[Mean] = [getattr(point, name) for name in _PLAIN]
        means += [each for judge in judges for each in (point.up[judge], point.down[judge])]
        cells = [value for each in means for value in (each.value, each.low, each.high)]
        rows.append([point.way, point.strength, *cells])
    return csv_text(rows)


def print_qualities(output: Output, found: "list[Quality]") -> None:
    """A row for each way to search."""
    gains = [">gain in nDCG@10"] if any(each.gain for each in found) else []
    output.table(
        ["search", ">queries", ">nDCG@10", ">recall@100", *gains],
        [
            [
                each.name,
                f"{each.queries:,}",
                *(
                    "{:.3f} ({:.3f} to {:.3f})".format(*figure)
                    for figure in (each.ndcg, each.recall, each.gain)
                    if figure is not None
                ),
            ]
            for each in found
        ],
    )


def print_query_features(
    output: Output, found: "list[QueryFeatures]", names: "Sequence[str]"
) -> None:
    """A row for each kind of query and way to encode it; `names` are of the generic features."""
    titles = [">first six active on its document", ">most frequent of the first six"]
    output.table(
        ["queries", "encoded", ">count", *titles, ""],
        [
            [
                each.queries,
                each.way,
                f"{each.count:,}",
                "{:.2f} ({:.2f} to {:.2f})".format(*each.own),
                f"{each.generic:.0%}",
                visible_line(name),
            ]
            for each, name in zip(found, names, strict=True)
        ],
    )
