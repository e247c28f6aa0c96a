"""A map of features as a file: a picture (SVG), or a page that zooms and finds (HTML)."""

import html
import math
from pathlib import Path

import numpy as np

from saetui.errors import InputError
from saetui.session.questions.feature_map import FeatureMap
from saetui.store.atomic import atomic_write, named_if_unwritable

_SIDE, _MARGIN = 1_000, 40
_GREY = "#9a9a9a"


def write_map(path: Path, shown: FeatureMap, title: str) -> int:
    """Write the map as a picture (.svg), or as a page that zooms and finds (.html).

    Returns:
        How many features are on it.

    Raises:
        InputError: The name has another ending, or the file cannot be written.
    """
    ending = path.suffix.casefold()
    if ending not in (".svg", ".html"):
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            "Let it end in one of: .svg, .html",
        )
    picture = _svg(shown, title)
    text = picture if ending == ".svg" else _page(picture, title)
    with named_if_unwritable(path), atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8", errors="replace")
    return len(shown.names)


def _svg(shown: FeatureMap, title: str) -> str:
    side = _SIDE + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        'font-family="sans-serif">',
        f"<title>{html.escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    x = _MARGIN + _SIDE * shown.places[:, 0]
    y = _MARGIN + _SIDE * (1 - shown.places[:, 1])
    for i, name in enumerate(shown.names):
        family = int(shown.families[i])
        radius = 1.5 + 14 * math.sqrt(float(shown.shares[i]))
        edge = ' stroke="#000000" stroke-width="2"' if i in shown.lit else ""
        belongs = f" ({shown.family_names[family]})" if family >= 0 else ""
        parts.append(
            f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="{radius:.1f}" fill="{_colour(family)}" '
            f'fill-opacity="0.7"{edge}><title>{i} {html.escape(name + belongs)}</title></circle>'
        )
    placed: list[tuple[float, float]] = []
    for family, name in enumerate(shown.family_names):
        members = np.flatnonzero(shown.families == family)
        if len(members) < 2:
            continue
        middle = float(np.median(x[members])), float(np.median(y[members]))
        # Names of larger families come first, and no two stand on one another.
        if all(abs(middle[0] - a) > 130 or abs(middle[1] - b) > 16 for a, b in placed):
            placed.append(middle)
            parts.append(
                f'<text x="{middle[0]:.1f}" y="{middle[1]:.1f}" font-size="11" '
                f'text-anchor="middle" fill="#222222">{html.escape(name)}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _colour(family: int) -> str:
    """A colour for each family; neighbours in number are far apart on the circle of hues."""
    return _GREY if family < 0 else f"hsl({family * 137.508 % 360:.0f},65%,50%)"


def _page(picture: str, title: str) -> str:
    return _PAGE.replace("TITLE", html.escape(title)).replace("PICTURE", picture)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>TITLE</title><style>
body { margin: 0; font-family: sans-serif; } input { position: fixed; top: 8px; left: 8px; }
svg { width: 100vw; height: 100vh; } .away { opacity: 0.08; }
</style></head><body><input placeholder="Find a feature" aria-label="Find a feature">
PICTURE<script>
const svg = document.querySelector("svg"), box = svg.viewBox.baseVal;
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const by = event.deltaY > 0 ? 1.2 : 1 / 1.2, area = svg.getBoundingClientRect();
  const x = box.x + box.width * (event.clientX - area.left) / area.width;
  const y = box.y + box.height * (event.clientY - area.top) / area.height;
  box.x = x - (x - box.x) * by; box.y = y - (y - box.y) * by;
  box.width *= by; box.height *= by;
}, { passive: false });
svg.addEventListener("pointermove", (event) => {
  if (event.buttons) {
    const area = svg.getBoundingClientRect();
    box.x -= event.movementX * box.width / area.width;
    box.y -= event.movementY * box.height / area.height;
  }
});
document.querySelector("input").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase();
  for (const circle of document.querySelectorAll("circle")) {
    circle.classList.toggle("away", !circle.textContent.toLowerCase().includes(words));
  }
});
</script></body></html>
"""
