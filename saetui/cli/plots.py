"""Plots drawn with characters, with straight or logarithmic axes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MARKS = "ox+*#@%&"
_CURVE, _CURVE_ASCII = "\u00b7", "."


@dataclass(frozen=True)
class Series:
    """Points that belong together.

    Attributes:
        name: For the legend.
        x: Above zero where axes are logarithmic.
        y: As many.
        curve: A fitted curve, drawn between the first and the last point; None: none.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    curve: Callable[[float], float] | None = None


def log_plot(
    series: Sequence[Series], *, width: int = 64, height: int = 14, unicode: bool = True
) -> list[str]:
    """A plot with logarithmic axes; see `plot`."""
    return plot(series, width=width, height=height, unicode=unicode, logarithmic=True)


def plot(
    series: Sequence[Series],
    *,
    width: int = 64,
    height: int = 14,
    unicode: bool = True,
    logarithmic: bool = False,
) -> list[str]:
    """Lines of a plot of all series, each with its own mark, and a legend below.

    Args:
        series: At least one point in all.
        width: Characters of the plotting area.
        height: Lines of the plotting area.
        unicode: Whether characters beyond ASCII can be shown.
        logarithmic: Whether both axes are.
    """
    bend, unbend = (math.log, math.exp) if logarithmic else (float, float)
    xs = sorted({x for each in series for x in each.x})
    ys = [y for each in series for y in each.y]
    ys += [each.curve(x) for each in series if each.curve for x in (min(each.x), max(each.x))]
    across = _axis(bend(min(xs)), bend(max(xs)), width, bend)
    up = _axis(bend(max(ys)), bend(min(ys)), height, bend)
    grid = [[" "] * width for _ in range(height)]
    for each in series:
        if each.curve is not None:
            for column in range(across(min(each.x)), across(max(each.x)) + 1):
                share = column / max(width - 1, 1)
                x = unbend(bend(xs[0]) + share * (bend(xs[-1]) - bend(xs[0])))
                grid[up(each.curve(x))][column] = _CURVE if unicode else _CURVE_ASCII
    for number, each in enumerate(series):
        for x, y in zip(each.x, each.y, strict=True):
            grid[up(y)][across(x)] = MARKS[number % len(MARKS)]
    high, low = f"{max(ys):.3g}", f"{min(ys):.3g}"
    margin = max(len(high), len(low))
    left = [high, *[""] * (height - 2), low] if height > 1 else [high]
    bar = "\u2502" if unicode else "|"
    lines = [
        f"{label:>{margin}} {bar}{''.join(row)}".rstrip()
        for label, row in zip(left, grid, strict=True)
    ]
    corner = "\u2514" + "\u2500" * width if unicode else "+" + "-" * width
    lines += [" " * (margin + 1) + corner, " " * (margin + 2) + _ticks(xs, across, width)]
    marks = "   ".join(
        f"{MARKS[number % len(MARKS)]} {each.name}" for number, each in enumerate(series)
    )
    return [*lines, " " * (margin + 2) + marks]


def _axis(
    first: float, last: float, cells: int, bend: Callable[[float], float]
) -> Callable[[float], int]:
    """Which cell a number falls into, bent `first` in cell 0 and bent `last` in the last one."""
    span = last - first

    def cell(value: float) -> int:
        share = (bend(value) - first) / span if span else 0.5
        return min(max(round(share * (cells - 1)), 0), cells - 1)

    return cell


def _ticks(xs: Sequence[float], across: Callable[[float], int], width: int) -> str:
    """The numbers on the lower axis, as many as fit."""
    line = ""
    for x in xs:
        text = f"{x:.4g}"
        start = min(max(across(x) - len(text) // 2, 0), width - len(text))
        if start > len(line) or not line:
            line = line.ljust(start) + text
    return line
