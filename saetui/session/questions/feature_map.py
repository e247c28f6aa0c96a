"""A map of features: those of similar direction lie near each other."""

import html
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.errors import InputError, MissingDependency
from saetui.paths import cache_dir
from saetui.session.session import Session
from saetui.store.atomic import atomic_write, named_if_unwritable
from saetui.text import visible_line

_SIDE, _MARGIN = 1_000, 40
_LEAST = 8
_LONGEST = 60
_GREY = "#9a9a9a"
# Bits of a braille cell, by line and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True)
class FeatureMap:
    """Features as points.

    Attributes:
        places: Float64 `(n, 2)`, from 0 to 1 in both directions.
        names: Labels or numbers, by number.
        shares: The share of documents of each feature.
        families: The family of each feature; -1 for none.
        family_names: Of the families, by number.
        lit: Features that were asked for.
    """

    places: NDArray[np.float64]
    names: tuple[str, ...]
    shares: NDArray[np.float64]
    families: NDArray[np.int64]
    family_names: tuple[str, ...]
    lit: frozenset[int] = frozenset()


def feature_map(session: Session, words: str = "") -> FeatureMap:
    """The map of an SAE's features; laying it out takes seconds the first time, and is kept.

    Args:
        session: An open bundle.
        words: Features that match these are lit.

    Raises:
        MissingDependency: The layout was not made yet, and openTSNE is not installed.
        InputError: There are too few features.
    """
    families = np.full(len(session.features), -1, dtype=np.int64)
    # The largest family of a feature gives its colour.
    for family in reversed(session.sae.families.families):
        families[list(family.members)] = family.id
    lit = {record.id for record in session.find_features(words)} if words.strip() else set()
    return FeatureMap(
        places=layout(session),
        names=tuple(visible_line(record.name, _LONGEST) for record in session.features),
        shares=np.array([record.density for record in session.features]),
        families=families,
        family_names=tuple(visible_line(each.label, _LONGEST) for each in session.sae.families),
        lit=frozenset(lit),
    )


def layout(session: Session) -> NDArray[np.float64]:
    """Places of all features, float64 `(n, 2)` from 0 to 1, the same on every run.

    By t-SNE (Poličar, Stražar and Zupan, openTSNE) of the cosines of their directions.

    Raises:
        MissingDependency: It was not made yet, and openTSNE is not installed.
        InputError: There are too few features.
    """
    n = session.sae.record.n
    if n < _LEAST:
        raise InputError(f"{n} features make no map.", "Train an SAE with more features.")
    kept = cache_dir() / "maps" / f"{session.sae.of}.npy"
    try:
        places = np.load(kept, allow_pickle=False)
        if places.shape == (n, 2) and np.isfinite(places).all():
            return np.asarray(places, dtype=np.float64)
    except (OSError, ValueError):
        # It was not made yet, or the file was cut short.
        pass
    places = _laid_out(session)
    with named_if_unwritable(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(kept) as temporary, temporary.open("wb") as file:
            np.save(file, places)
    return places


def _laid_out(session: Session) -> NDArray[np.float64]:
    try:
        from openTSNE import TSNE
    except ImportError:
        raise MissingDependency("openTSNE", "Laying out a map", "map") from None
    directions = np.asarray(session.sae.weights.directions, dtype=np.float64)
    found = TSNE(
        perplexity=min(30, (len(directions) - 1) / 3),
        metric="cosine",
        initialization="pca",
        random_state=0,
        # Exact neighbours and one thread, so that every run gives the same map.
        neighbors="exact" if len(directions) < 20_000 else "auto",
        negative_gradient_method="bh" if len(directions) < 5_000 else "fft",
        n_jobs=1,
    ).fit(directions)
    places = np.asarray(found, dtype=np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    return np.asarray((places - low) / np.maximum(high - low, 1e-9))


def drawn(shown: FeatureMap, width: int, height: int, *, unicode: bool = True) -> list[str]:
    """The map as lines of text: a dot for each feature, names of the largest families over them.

    Args:
        shown: The map; features that are lit are stars.
        width: Cells of a line.
        height: Lines.
        unicode: Whether braille can be shown.
    """
    columns, rows = (2, 4) if unicode else (1, 1)
    x = np.minimum((shown.places[:, 0] * width * columns).astype(int), width * columns - 1)
    y = np.minimum(((1 - shown.places[:, 1]) * height * rows).astype(int), height * rows - 1)
    bits = np.zeros((height, width), dtype=np.int64)
    for column, row in zip(x.tolist(), y.tolist(), strict=True):
        bits[row // rows, column // columns] |= _DOTS[row % rows][column % columns]
    cells = [
        [(chr(0x2800 + bit) if unicode else ".") if bit else " " for bit in line]
        for line in bits.tolist()
    ]
    for feature in shown.lit:
        cells[int(y[feature]) // rows][int(x[feature]) // columns] = "*"
    taken = np.zeros((height, width), dtype=bool)
    for family, name in enumerate(shown.family_names):
        members = np.flatnonzero(shown.families == family)
        text = name[: width // 4]
        if len(members) < 2 or not text:
            continue
        middle = np.median(np.stack([x[members] // columns, y[members] // rows]), axis=1)
        line, start = (
            int(middle[1]),
            max(0, min(width - len(text), int(middle[0]) - len(text) // 2)),
        )
        # A name stands only where it hides no other, with a line of space around it.
        around = slice(max(line - 1, 0), line + 2), slice(max(start - 2, 0), start + len(text) + 2)
        if not taken[around].any():
            cells[line][start : start + len(text)] = text
            taken[line, start : start + len(text)] = True
    return ["".join(line).rstrip() for line in cells]


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
