"""Walk feature families, from general to specific."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from saetui.tui.commands import bindings
from saetui.tui.messages import SteerFeatures
from saetui.tui.views.browser import Browser
from saetui.tui.widgets.family_tree import FamilyTree

if TYPE_CHECKING:
    from saetui.session.session import Session


class FamiliesView(Browser):
    """The tree of families and the details of the feature under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Families")

    def __init__(self, *, id: str) -> None:
        self.forest = FamilyTree(empty=("Opening.",))
        super().__init__(self.forest, "Find features by words of the label, or by number", id=id)

    def show(self, session: "Session") -> None:
        """Show the families of a session."""
        self.forest.show(session.families, session.features)
        super().show(session)

    def refresh_labels(self) -> None:
        """Show the labels as they are now, with the same nodes open."""
        if self.session is not None:
            self.forest.rename(self.session.features)
        super().refresh_labels()

    def refilter(self) -> None:
        """Show the paths to the features that match the filter."""
        if self.session is None:
            return
        words = self.filter_line.value.strip()
        self.forest.refilter(frozenset(self.session.lookup.matching(words)) if words else None)
        self._announce()

    def feature_of(self, row: object) -> int:
        """The feature of a node."""
        feature: int = row.feature  # type: ignore[attr-defined]
        return feature

    def go_to(self, family: int, feature: int) -> None:
        """Put the cursor on a member of a family."""
        self.clear_filter()
        self.forest.go_to(family, feature)
        self._announce()

    def _announce(self) -> None:
        families = self.session.families if self.session else ()
        members = {member for family in families for member in family.members}
        self.heading.say(f"Families, {len(families):,} with {len(members):,} features")
        self.announce(
            "No member of a family has these words."
            if self.filter_line.value.strip()
            else "No families: features of this corpus do not occur together often enough.",
        )

    def action_steer_family(self) -> None:
        """Add the whole family to the query."""
        if self.forest.row is not None:
            self.post_message(SteerFeatures(self.forest.row.family.members))
