"""What becomes of features in the other SAEs of a bundle."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.background import NewestRequest
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenFamily, OpenFeature, SteerFeatures, UseSae
from saetui.tui.views.browser import FilteredView
from saetui.tui.widgets.details import DetailList
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Heading
from saetui.tui.widgets.splitting import (
    Choices,
    FeatureMatches,
    Linked,
    SplitOutcomeList,
    match_rows,
    relative_rows,
)

if TYPE_CHECKING:
    from saetui.session.session import Session
    from saetui.session.splitting import SplitOutcome, Splitting

ALL = "all"
_LONGEST_NAME = 100

# What each kind of features is: of the smaller SAE, the larger one, and the one in use.
_TITLES = {
    ALL: "Features of {2}, the SAE in use",
    "split": "One in {0}, several in {1}",
    "recurrent": "The same in {0} and {1}",
    "novel": "New in {1}: {0} has none like it",
    "lost": "Lost: in {0}, not in {1}",
}


class SplittingView(FilteredView):
    """Lists of features that recur, split, are novel or lost, beside the chosen one's matches.

    The features that it splits into stand beside the features below it in its family.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Splitting")

    def __init__(self, *, id: str) -> None:
        self.outcomes = SplitOutcomeList(empty=("Opening.",))
        super().__init__(self.outcomes, "Find features by words of the label", id=id)
        self.choices = Choices()
        self.matches = DetailList()
        self.relatives = DetailList()
        self.kind = ""
        self._heading = Heading("Splitting")
        self._pairs: Sequence[tuple[str, str]] = ()
        self._pair = 0
        self._found: Splitting | None = None
        self._chosen_matches: FeatureMatches | None = None
        self._linked: dict[DetailList, Linked] = {}
        # The feature to go to when the lists are there.
        self._wanted: int | None = None
        self._comparing = NewestRequest(
            self, "compare", self._compare, self._show_found, self._fail
        )
        self._looking = NewestRequest(self, "matches", self._look, self._show_matches, self._fail)

    def compose(self) -> ComposeResult:
        """Lists, then the matches of a feature beside its family."""
        with Vertical(classes="lines-pane"):
            yield self.filter_line
            yield self.choices
            yield self.notice
            yield self._heading
            yield self.lines
        with Horizontal(classes="detail-pane"):
            with Vertical():
                yield Heading("In the other SAEs", right="cosine, documents on both ")
                yield self.matches
            with Vertical():
                yield Heading("In its family")
                yield self.relatives

    # What others use.

    def show(self, session: "Session") -> None:
        """Show a session; the SAEs are compared when the view is first seen."""
        self.session = session
        self._found = self._chosen_matches = None
        self._pairs, self._pair = (), 0
        self.notice.say()
        if self.display:
            self.on_show()

    def go_to(self, feature: int) -> None:
        """Put the cursor on a feature of the SAE in use."""
        self._wanted = feature
        self.kind = ALL
        self.clear_filter()
        if self._found is not None:
            self._list()

    def refresh_labels(self) -> None:
        """Show the labels as they are now."""
        if self.session is not None and self._found is not None:
            self._list(stay=True)

    # The lists.

    def on_show(self) -> None:
        """Compare the SAEs, once."""
        session = self.session
        if session is None or self._pairs:
            return
        # Imported here, since the first frame must not wait for it.
        from saetui.session.splitting import pairs_of

        self._pairs = pairs_of(session.bundle)
        if not self._pairs:
            self._explain(session)
            return
        own = session.sae.record.name
        self._pair = next(i for i, pair in enumerate(self._pairs) if own in pair)
        self._comparing.ask(self._pairs[self._pair])

    def _explain(self, session: "Session") -> None:
        """Say why there is nothing to compare, and what to do."""
        record = session.sae.record
        self.outcomes.say(
            f"This bundle has one SAE, {record.name}. A second one of another size shows which "
            "features recur there, which split into several, and which are new.",
            "",
            "Train one, which takes some minutes, and open the bundle again:",
            "",
            f"saetui train {session.bundle.path.name} --sae k{2 * record.k}-n{2 * record.n}",
        )
        self._heading.say("One SAE")
        for pane in (self.matches, self.relatives):
            pane.say("No feature is chosen.")

    def _compare(self, pair: tuple[str, str]) -> "Splitting":
        from saetui.session.splitting import splitting

        session = self.opened
        for name in pair:
            session.features_of(name)
        return splitting(session, *pair)

    def _show_found(self, pair: tuple[str, str], found: "Splitting") -> None:
        self._found = found
        if not self.kind:
            fullest = next((kind for kind, outcomes in found.outcomes.items() if outcomes), ALL)
            self.kind = fullest
        self._list()

    def _fail(self, error: SaetuiError) -> None:
        self.notice.say(visible_line(str(error)))

    def _of_kind(self, kind: str) -> "Sequence[SplitOutcome]":
        found = self._found
        if found is None:
            return ()
        if kind != ALL:
            return found.outcomes[kind]  # type: ignore[index]
        own = self.opened.sae.record.name
        outcomes = {
            (each.sae, each.feature): each for listed in found.outcomes.values() for each in listed
        }
        if own == found.large:
            # Features that others split into are listed one by one, too.
            outcomes |= {
                (own, part): _part_of(outcome, own, part)
                for outcome in (*found.outcomes["split"], *found.outcomes["recurrent"])
                for part in outcome.parts
            }
        return sorted(
            (outcome for outcome in outcomes.values() if outcome.sae == own),
            key=lambda outcome: outcome.feature,
        )

    def refilter(self) -> None:
        """List what matches the filter line, once the SAEs are compared."""
        if self._found is not None:
            self._list()

    def _list(self, *, stay: bool = False) -> None:
        """List the chosen kind, filtered."""
        session, found = self.opened, self._found
        assert found is not None
        features = {name: session.features_of(name) for name in (found.small, found.large)}
        self.outcomes.records = {name: each.records for name, each in features.items()}
        outcomes = self._of_kind(self.kind)
        words = self.filter_line.value.strip()
        if words:
            matching = {name: {*each.lookup.matching(words)} for name, each in features.items()}
            outcomes = [outcome for outcome in outcomes if outcome.feature in matching[outcome.sae]]
        cursor = 0
        if self._wanted is not None:
            wanted = (session.sae.record.name, self._wanted)
            places = (
                i for i, outcome in enumerate(outcomes) if (outcome.sae, outcome.feature) == wanted
            )
            cursor = next(places, 0)
            self._wanted = None
        self.outcomes.replace(outcomes, cursor=None if stay else cursor)
        self.choices.say(
            [(kind, len(self._of_kind(kind))) for kind in (ALL, *found.outcomes)], self.kind
        )
        left, right = self.outcomes.LEFT, self.outcomes.RIGHT
        title = _TITLES[self.kind].format(found.small, found.large, session.sae.record.name)
        if len(title) > self._heading.size.width - len(left) - len(right) - 1:
            title = f"{found.small} to {found.large}"
        self._heading.say(title, left, right)
        if self.outcomes.row is None:
            self.outcomes.say("No feature of this kind has these words." if words else "None.")
            self._looking.drop()
            self._chosen_matches = None
            for pane in (self.matches, self.relatives):
                pane.say("No feature is chosen.")
        else:
            self._looking.ask((self.outcomes.row.sae, self.outcomes.row.feature))

    # The chosen feature.

    def _look(self, chosen: tuple[str, int]) -> FeatureMatches:
        from saetui.session.splitting import matches_of

        session, (sae, feature) = self.opened, chosen
        family = session.bundle.sae(sae).families.smallest_of(feature)
        return FeatureMatches(session, sae, feature, matches_of(session, feature, sae), family)

    def _show_matches(self, chosen: tuple[str, int], found: FeatureMatches) -> None:
        self._chosen_matches = found
        self.lay_out(0)

    def lay_out(self, cursor: int | None = None) -> None:
        """Lay out the matches of the chosen feature, and the features in its family."""
        found = self._chosen_matches
        if found is None:
            return
        for pane, rows_of in ((self.matches, match_rows), (self.relatives, relative_rows)):
            linked = self._linked[pane] = rows_of(found, pane.text_width)
            pane.replace(linked.rows, cursor)
            if not pane.has_focus:
                pane.scroll_home(animate=False)

    @property
    def chosen(self) -> tuple[str, int] | None:
        """SAE and number of the feature under the cursor of whichever list has the focus."""
        for pane, linked in self._linked.items():
            row = pane.row
            if pane.has_focus and row is not None and row.target is not None:
                return linked.features[row.target]
        outcome = self.outcomes.row
        return None if outcome is None else (outcome.sae, outcome.feature)

    def _in_use(self) -> int | None:
        """The chosen feature if it belongs to the SAE in use; if not, say how to get there."""
        chosen = self.chosen
        if chosen is None:
            return None
        sae, feature = chosen
        if sae == self.opened.sae.record.name:
            return feature
        name = visible_line(self.opened.features_of(sae)[feature].name, _LONGEST_NAME)
        self.notice.say(f"{name} is a feature of {sae}. S uses that SAE and goes there.")
        return None

    # What widgets report.

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """Show another list."""
        event.stop()
        self._choose(event.name)

    def on_line_list_highlighted(self, event: LineList.Highlighted) -> None:
        """Look for the matches of the feature under the cursor."""
        event.stop()
        self.notice.say()
        if event.lines is self.lines and self.outcomes.row is not None:
            self._looking.ask((self.outcomes.row.sae, self.outcomes.row.feature))

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Go to the feature."""
        event.stop()
        feature = self._in_use()
        if feature is not None:
            self.post_message(OpenFeature(feature))

    # Keys.

    def _choose(self, kind: str) -> None:
        self.kind = kind
        self.notice.say()
        if self._found is not None:
            self._list()

    def action_list(self, step: int) -> None:
        """Show the next list, or the one before."""
        if self._found is not None:
            kinds = [ALL, *self._found.outcomes]
            self._choose(kinds[(kinds.index(self.kind) + step) % len(kinds)])

    def action_pair(self) -> None:
        """Compare the next two SAEs."""
        if len(self._pairs) < 2:
            self.notice.say("There are no other two SAEs to compare.")
            return
        self._pair = (self._pair + 1) % len(self._pairs)
        self._comparing.ask(self._pairs[self._pair])

    def action_use(self) -> None:
        """Use the SAE of the feature under the cursor, and go to it."""
        chosen = self.chosen
        if chosen is not None:
            self.post_message(UseSae(*chosen))

    def action_steer(self) -> None:
        """Add the feature to the query."""
        feature = self._in_use()
        if feature is not None:
            self.post_message(SteerFeatures((feature,)))

    def action_family(self) -> None:
        """Go to the feature in its family."""
        feature = self._in_use()
        if feature is not None:
            self.post_message(OpenFamily(feature))


def _part_of(outcome: "SplitOutcome", sae: str, part: int) -> "SplitOutcome":
    """The outcome of a feature of the larger SAE that another feature split into."""
    from saetui.session.splitting import SplitOutcome

    return SplitOutcome(sae, part, (), outcome.cosine)
