"""The same plots as pictures, for papers and pages."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from saetui.cli.plots import Series

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 190, 40, 50
_TICKS = 5


def svg_plot(series: Sequence[Series], *, title: str, across: str, up: str) -> str:
    """A plot with straight axes as an SVG document.

    Args:
        series: At least one point in all; points are joined in their order.
        title: Above the plot.
        across: What the lower axis shows.
        up: What the left axis shows.
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
