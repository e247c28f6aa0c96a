"""Walk feature families, from general to specific."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from saetui.text import visible_line
from saetui.tui.background import NewestRequest
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenFamily, OpenFeature, SteerFeatures
from saetui.tui.views.browser import Browser
from saetui.tui.widgets.co_occurrence_block import CoOccurrenceBlock
from saetui.tui.widgets.details import DetailRow
from saetui.tui.widgets.family_tree import FamilyTree, TreeRow
from saetui.tui.widgets.feature_details import family_rows
from saetui.tui.widgets.feature_list import trust_of
from saetui.tui.widgets.lines import Heading

if TYPE_CHECKING:
    from saetui.session.details import FamilyDetail, FeatureDetail
    from saetui.session.session import Session

# From this many lines on there is room for the block above the details.
_ROOMY = 30
_LONGEST_NAME = 200


class FamiliesView(Browser):
    """The tree of families, beside the family or feature under its cursor and the block.

    The root of a tree stands for the family: its documents are shown. Every other node stands for
    its feature.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Families")

    def __init__(self, *, id: str) -> None:
        self.forest = FamilyTree(empty=("Opening.",))
        self.block = CoOccurrenceBlock(id="block")
        super().__init__(self.forest, "Find features by words of the label, or by number", id=id)
        self._detail_heading = Heading("Feature")
        # Whether the reader wants to see the block; None shows it where there is room.
        self._block_wanted: bool | None = None
        self._title = "Families"
        self._family: FamilyDetail | None = None
        self._examining = NewestRequest(
            self, "family", self._examine, self._show_family, self._fail
        )

    def compose(self) -> ComposeResult:
        """Filter and tree, then block and details."""
        with Vertical(classes="lines-pane"):
            yield self.filter_line
            yield self.notice
            yield self.heading
            yield self.lines
        with Vertical(classes="detail-pane"):
            with Vertical(id="block-pane"):
                yield Heading("Co-occurrence of its members")
                yield self.block
            with Vertical(id="family-pane"):
                yield self._detail_heading
                yield self.detail
                yield self.carrier

    def show(self, session: "Session") -> None:
        """Show the families of a session."""
        self.forest.show(session.sae.families.families, session.features.records)
        members = {member for family in session.sae.families for member in family.members}
        self._title = f"Families, {len(session.sae.families):,} with {len(members):,} features"
        self._family = None
        super().show(session)

    def refresh_labels(self) -> None:
        """Show the labels as they are now, with the same nodes open."""
        if self.session is not None:
            self.forest.rename(self.session.features.records)
            if self._family is not None:
                self._show_block(self._family)
            self.lay_out()
        super().refresh_labels()

    def refilter(self) -> None:
        """Show the paths to features that match the filter, and families that match by label."""
        if self.session is None:
            return
        words = self.filter_line.value.strip()
        if words:
            lookup = self.session.features.lookup
            named = frozenset(family.id for family in lookup.families(words))
            self.forest.refilter(frozenset(lookup.matching(words)), named)
        else:
            self.forest.refilter(None)
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
        self.heading.say(self._title, right=self.forest.RIGHT)
        self.announce(
            "No member of a family has these words."
            if self.filter_line.value.strip()
            else "No families: features of this corpus do not occur together often enough.",
        )
        self._arrange()

    # The right side.

    def on_show(self) -> None:
        """Examine the family under the cursor, which was put off until the view is seen."""
        if self.forest.row is not None:
            self.look_at_row(self.forest.row)

    def look_at_row(self, row: object) -> None:
        """Show the family of a root, the feature of any other node."""
        assert isinstance(row, TreeRow)
        if not self.display:
            return
        if self._family is None or self._family.family.id != row.family.id:
            self._examining.ask(row.family.id)
        else:
            self._examining.drop()
            self.block.select(row.feature)
        if row.depth == 0:
            self._looking.drop()
            self._shown = None
            if self._family is not None and self._family.family.id == row.family.id:
                self._show_rows(self._family)
        else:
            super().look_at_row(row)

    def _examine(self, family: int) -> "FamilyDetail":
        session = self.opened
        return session.family(session.sae.families[family])

    def _show_family(self, family: int, detail: "FamilyDetail") -> None:
        self._family = detail
        self._show_block(detail)
        row = self.forest.row
        if row is not None:
            self.block.select(row.feature)
        if self._of_family:
            self._show_rows(detail)

    def _show_rows(self, detail: "FamilyDetail") -> None:
        self._detail_heading.say("Family")
        self.detail.replace(self._family_rows(detail), cursor=0)
        self._read_from_top()

    def _show_block(self, detail: "FamilyDetail") -> None:
        features = self.opened.features
        names = [visible_line(features[i].name, _LONGEST_NAME) for i in detail.members]
        self.block.show(detail, names)

    @property
    def _of_family(self) -> bool:
        """Whether the details are those of a family."""
        return self.forest.row is not None and self.forest.row.depth == 0

    def _family_rows(self, detail: "FamilyDetail") -> list[DetailRow]:
        features = self.opened.features
        root = features[detail.family.root]
        return family_rows(detail, root, self.detail.text_width, trust_of(features.records))

    def _show_detail(self, feature: int, detail: "FeatureDetail") -> None:
        self._detail_heading.say("Feature")
        super()._show_detail(feature, detail)

    def lay_out(self) -> None:
        """Show or hide the block, and lay out the details."""
        self._arrange()
        if self._of_family and self._family is not None:
            self.detail.lay_out(self._family_rows(self._family))
            self._read_from_top()
        else:
            super().lay_out()

    def _arrange(self) -> None:
        """Show the block above the details where there is room, or in their place."""
        pane = self.detail.parent.parent  # type: ignore[union-attr]
        height = pane.size.height  # type: ignore[union-attr]
        roomy = height >= _ROOMY
        shown = bool(self.forest.rows) and (
            roomy if self._block_wanted is None else self._block_wanted
        )
        block, details = self.query_one("#block-pane"), self.query_one("#family-pane")
        before = (block.display, details.display)
        block.display, details.display = shown, roomy or not shown
        if before != (block.display, details.display):
            # A pane that was hidden gets its width only now.
            self.call_after_refresh(self.lay_out)

    # Keys.

    def action_block(self) -> None:
        """Show the block and go to it; from the block, hide it and go back to the tree."""
        self._block_wanted = not self.block.has_focus
        self._arrange()
        (self.block if self._block_wanted else self.lines).focus()

    def on_co_occurrence_block_chosen(self, event: CoOccurrenceBlock.Chosen) -> None:
        """Go to the feature of a row of the block."""
        event.stop()
        self.post_message(OpenFeature(event.feature))

    def on_co_occurrence_block_left(self, event: CoOccurrenceBlock.Left) -> None:
        """Go back to the tree; hide a block that stands in place of the details."""
        event.stop()
        if not self.query_one("#family-pane").display:
            self.action_block()
        self.lines.focus()

    def action_feature(self) -> None:
        """Go to the feature in the features view."""
        if self.feature is not None:
            self.post_message(OpenFeature(self.feature))

    def action_family(self) -> None:
        """Go to the feature in the next of its families; the first follows the last."""
        feature, row = self.feature, self.forest.row
        if feature is None or row is None:
            return
        families = [family.id for family in self.opened.sae.families.of_feature(feature)]
        here = row.family.id if row.feature == feature else None
        if here in families:
            if len(families) == 1:
                self.notify("It is in no other family.")
                return
            following = families[(families.index(here) + 1) % len(families)]
            self.post_message(OpenFamily(feature, following))
        else:
            self.post_message(OpenFamily(feature))

    def action_steer_family(self) -> None:
        """Add the whole family to the query."""
        if self.forest.row is not None:
            self.post_message(SteerFeatures(self.forest.row.family.members))
