"""A map of features, on which those of similar direction lie near each other; also as a file."""

import html
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.feature_layout import LEAST, Layout, Places, laid_out
from saetui.core.map_window import BRAILLE, Window, Wish, braille, placed
from saetui.errors import BundleDamaged, InputError
from saetui.paths import cache_dir
from saetui.session.session import Session
from saetui.store.arrays import save_array
from saetui.store.atomic import ending_of, named_if_unwritable, write_text
from saetui.store.saes import read_map
from saetui.text import visible_line

_LONGEST = 60
# Names take at most this share of the cells, so that dots can be seen.
_NAMED = 0.15
# How many families, and how many features, are tried.
_TRIED = 250


@dataclass(frozen=True)
class FeatureMap:
    """Features as points.

    Attributes:
        places: Float32 `(n, 2)`, from 0 to 1 in both directions.
        names: Labels or numbers, by number.
        shares: The share of documents of each feature.
        families: The largest family of each feature; -1 for none.
        family_names: Of the families, by number; larger families come first.
        lit: Features that were asked for.
    """

    places: Places
    names: tuple[str, ...]
    shares: NDArray[np.float64]
    families: NDArray[np.int64]
    family_names: tuple[str, ...]
    lit: frozenset[int] = frozenset()

    @classmethod
    def of(cls, session: Session, places: Places, words: str = "") -> "FeatureMap":
        """The features of a session at their places; those that match some words are lit."""
        families = np.full(len(session.features), -1, dtype=np.int64)
        for family in reversed(session.sae.families.families):
            families[list(family.members)] = family.id
        lit = {record.id for record in session.find_features(words)} if words.strip() else set()
        return cls(
            places=places,
            names=tuple(visible_line(record.name, _LONGEST) for record in session.features),
            shares=np.array([record.density for record in session.features]),
            families=families,
            family_names=tuple(visible_line(each.label, _LONGEST) for each in session.sae.families),
            lit=frozenset(lit),
        )

    def wishes(self, cells: NDArray[np.int64], width: int, longest: int) -> Iterator[Wish]:
        """Names for the features that are shown: families first, then features, largest first.

        Args:
            cells: The cell of each feature, row by row; -1 for features that are not shown.
            width: Cells of a row.
            longest: Longer names are cut.
        """
        shown = np.flatnonzero(cells >= 0)
        rows, columns = np.divmod(cells[shown], width)
        of = self.families[shown]
        middles = [each[np.lexsort((each, of))] for each in (columns, rows)]
        ends = np.searchsorted(np.sort(of), np.arange(len(self.family_names) + 1))
        for family, (start, stop) in enumerate(pairwise(ends[:_TRIED])):
            if stop - start > 1:
                column, row = (int(each[(start + stop) // 2]) for each in middles)
                # In capitals, as a map of lands names regions: no dot belongs to it.
                name = _cut(self.family_names[family].upper(), longest)
                yield Wish(column, row, name, -1 - family)
        active = shown[self.shares[shown] > 0]
        by_share = np.argsort(-self.shares[active], kind="stable")[:_TRIED]
        yield from self.named(cells, width, longest, active[by_share].tolist())

    def named(
        self, cells: NDArray[np.int64], width: int, longest: int, features: Iterable[int]
    ) -> Iterator[Wish]:
        """Names for some features, as far as they are shown; see `wishes`."""
        for feature in features:
            row, column = divmod(int(cells[feature]), width)
            if row >= 0:
                yield Wish(column, row, _cut(self.names[feature], longest), feature, beside=True)


def _cut(name: str, longest: int) -> str:
    """A name on a few cells, without half a word at its end where that is possible."""
    if len(name) <= longest:
        return name
    whole = name[: longest + 1].rpartition(" ")[0].rstrip(" ,;:(-")
    return whole if 2 * len(whole) >= longest else name[:longest]


def known_places(session: Session) -> Places | None:
    """The places of an SAE's features in the bundle, or as they were laid out before, if any."""
    if session.sae.map is not None:
        return session.sae.map
    n = session.sae.record.n
    # A file that was cut short is as good as none.
    with suppress(BundleDamaged, OSError):
        return read_map(_kept(session), n)
    return None


def laying_out(session: Session) -> Iterator[Layout]:
    """Lay out the features of a bundle that has no map, and keep their places for the next time.

    Whoever stops taking from this iterator stops the work.

    Raises:
        InputError: There are too few features.
    """
    n = session.sae.record.n
    if n < LEAST:
        raise InputError(f"{n} features make no map.", "Train an SAE with more features.")
    found = None
    for found in laid_out(session.sae.weights.directions):
        yield found
    kept = _kept(session)
    with named_if_unwritable(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        assert found is not None
        save_array(kept, found.places)


def _kept(session: Session) -> Path:
    return cache_dir() / "maps" / f"{session.sae.of}.npy"


def drawn(shown: FeatureMap, width: int, height: int, *, unicode: bool = True) -> list[str]:
    """The map as lines of text: a dot for each feature, names of families and features over them.

    Args:
        shown: The map; features that are lit are stars.
        width: Cells of a line.
        height: Lines.
        unicode: Whether braille can be shown.
    """
    places = Window().cells(shown.places, width, height)
    bits, cells = braille(places, width, height)
    lines = [
        [(chr(BRAILLE + bit) if unicode else ".") if bit else " " for bit in line]
        for line in bits.tolist()
    ]
    stars = [divmod(int(cells[feature]), width) for feature in sorted(shown.lit)]
    for row, column in stars:
        lines[row][column] = "*"
    for name in placed(
        shown.wishes(cells, width, width // 4),
        width,
        height,
        taken=[(column, row) for row, column in stars],
        most=round(_NAMED * width * height),
    ):
        lines[name.row][name.column : name.column + len(name.text)] = name.text
    return ["".join(line).rstrip() for line in lines]


_SIDE, _MARGIN = 1_000, 40
_GREY = "#9a9a9a"


def write_map(path: Path, shown: FeatureMap, title: str) -> int:
    """Write the map as a picture (.svg), or as a page that zooms and finds (.html).

    Returns:
        How many features are on it.

    Raises:
        InputError: The name has another ending, or the file cannot be written.
    """
    ending = ending_of(path, [".svg", ".html"])
    picture = _svg(shown, title)
    text = picture if ending == ".svg" else _page(picture, title)
    write_text(path, text)
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
