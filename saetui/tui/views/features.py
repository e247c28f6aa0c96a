"""Browse features: a list that filters and sorts, and everything about the chosen one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from saetui.tui.columns import Pieces, fit
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenFamily
from saetui.tui.views.browser import Browser
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.store.features import FeatureRecord

# Name of the order, and the key that sorts into it.
_ORDERS: tuple[tuple[str, "Callable[[FeatureRecord], tuple[object, ...]]"], ...] = (
    ("density", lambda feature: (-feature.documents, feature.id)),
    ("label", lambda feature: (not feature.label, feature.label.casefold(), feature.id)),
    ("maximum", lambda feature: (-feature.max_activation, feature.id)),
    ("number", lambda feature: (feature.id,)),
)


class FeatureList(LineList["FeatureRecord"]):
    """Features, one a line."""

    # Names of the columns, as wide as `line` draws them.
    LEFT = "    # "
    RIGHT = "density  max "

    def line(self, record: "FeatureRecord", index: int, width: int) -> Pieces:
        """Number, label, density, maximal activation."""
        room = width - len(self.LEFT) - len(self.RIGHT) - 1
        return (
            (f"{record.id:>5} ", "muted"),
            (fit(record.name, room, self.glyphs.ellipsis), "" if record.label else "muted"),
            (f"{record.density:>8.2%} ", "muted"),
            (f"{record.max_activation:>4.2f} ", "muted"),
        )


class FeaturesView(Browser):
    """The list of features and the details of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Features")

    def __init__(self, *, id: str) -> None:
        self.list = FeatureList(empty=("Opening.",))
        super().__init__(self.list, "Filter by words of the label, or by number", id=id)
        self._order = 0

    def refilter(self) -> None:
        """List the features that match the filter, in the chosen order."""
        if self.session is None:
            return
        words = self.filter_line.value
        found = [self.session.features[i] for i in self.session.lookup.matching(words)]
        name, key = _ORDERS[self._order]
        # What a search finds comes best first, unless another order was asked for.
        if words.strip() and self._order == 0:
            name = "match"
        else:
            found.sort(key=key)
        total = len(self.session.features)
        count = f"{len(found):,} of {total:,}" if len(found) < total else f"{total:,}"
        self.list.replace(found, cursor=0)
        title = f"Features, {count} by {name}"
        self.announce(title, self.list.LEFT, self.list.RIGHT, "No feature has these words.")

    def feature_of(self, row: object) -> int:
        """The feature of a row."""
        feature: int = row.id  # type: ignore[attr-defined]
        return feature

    def open_row(self, row: object) -> None:
        """Walk through the details."""
        self.detail.focus()

    def go_to(self, feature: int) -> None:
        """Put the cursor on a feature, clearing the filter where it hides it."""
        if not any(record.id == feature for record in self.list.rows):
            self.clear_filter()
            self.refilter()
        for index, record in enumerate(self.list.rows):
            if record.id == feature:
                self.list.cursor = index
                self.look_at(feature)
                return

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._order = (self._order + 1) % len(_ORDERS)
        self.refilter()

    def action_family(self) -> None:
        """Go to the feature's family."""
        if self.feature is not None:
            self.post_message(OpenFamily(self.feature))
