"""Plots: of characters, with linear or logarithmic axes, and as SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

MARKS = "ox+*#@%&"
_CURVE, _CURVE_ASCII = "\u00b7", "."
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 190, 40, 50
_TICKS = 5


@dataclass(frozen=True)
class Series:
    """The points of one curve.

    Attributes:
        name: For the legend.
        x: Coordinates, above zero if axes are logarithmic.
        y: Coordinates, as many, likewise.
        curve: A fitted curve to draw between the first and the last point, or None.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    curve: Callable[[float], float] | None = None


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
        logarithmic: Whether both axes are logarithmic.
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
    """The cell of a number: 0 if it is `first` on the axis's scale, the last if it is `last`."""
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


def svg_plot(series: Sequence[Series], *, title: str, across: str, up: str) -> str:
    """A plot with linear axes as an SVG document.

    Points are joined in their order.
    """
    xs = [x for each in series for x in each.x]
    ys = [y for each in series for y in each.y]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    plot_width, plot_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + plot_width * (x - left) / ((right - left) or 1),
            _TOP + plot_height * (high - y) / ((high - low) or 1),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_WIDTH / 2, 20, title, "middle"),
        _text(_LEFT + plot_width / 2, _HEIGHT - 12, across, "middle"),
        f'<g transform="translate(16 {_TOP + plot_height / 2:.1f}) rotate(-90)">'
        + _text(0, 0, up, "middle")
        + "</g>",
        f'<rect x="{_LEFT}" y="{_TOP}" width="{plot_width}" height="{plot_height}" '
        'fill="none" stroke="#888888"/>',
    ]
    for step in range(_TICKS + 1):
        x, y = left + (right - left) * step / _TICKS, low + (high - low) * step / _TICKS
        at_x, _ = place(x, low)
        _, at_y = place(left, y)
        parts.append(_text(at_x, _TOP + plot_height + 16, f"{x:.2f}", "middle"))
        parts.append(_text(_LEFT - 6, at_y + 4, f"{y:.2f}", "end"))
    for number, each in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [place(x, y) for x, y in zip(each.x, each.y, strict=True)]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        height = _TOP + 14 + 18 * number
        edge = _WIDTH - _RIGHT + 14
        parts.append(f'<circle cx="{edge}" cy="{height - 4}" r="4" fill="{colour}"/>')
        parts.append(_text(edge + 10, height, each.name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
