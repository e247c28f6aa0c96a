"""A line that is there only while there is something to say."""

from saetui.tui.columns import Pieces, wrap
from saetui.tui.widgets.lines import Lines

_MOST_LINES = 3


class Notice(Lines):
    """Says why something cannot be done, while the rest of the view stays.

    Args:
        style: Of the text.
    """

    DEFAULT_CSS = "Notice { display: none; background: $surface; }"

    def __init__(self, style: str = "away") -> None:
        super().__init__()
        self._text = ""
        self._style = style

    def say(self, text: str = "") -> None:
        """Show a text; without one the line goes away."""
        if text == self._text and self.display == bool(text):
            return
        self._text = text
        self.display = bool(text)
        self.lay_out()

    def blank(self) -> None:
        """Keep the place of the text, if there is one, for another that comes in a moment."""
        self._text = ""
        self.refresh()

    def lay_out(self) -> None:
        """Set the height to the number of lines that the text takes."""
        width = self.size.width or self.app.size.width
        self.styles.height = min(_MOST_LINES, len(self._wrapped(width)))
        self.refresh()

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.lay_out()

    def lines(self, width: int) -> list[Pieces]:
        """The text, an ellipsis where it is cut."""
        lines = self._wrapped(width)
        if len(lines) > _MOST_LINES:
            lines = [
                *lines[: _MOST_LINES - 1],
                lines[_MOST_LINES - 1][: width - 4] + self.glyphs.ellipsis,
            ]
        return [((f" {line}", self._style),) for line in lines]

    def _wrapped(self, width: int) -> list[str]:
        return wrap(self._text, width - 2) if self._text else []
