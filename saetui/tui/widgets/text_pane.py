"""Text for reading, scrolled with the keys of a list."""

from typing import ClassVar

from saetui.tui.widgets.details import DetailList


class TextPane(DetailList):
    """Lines without a cursor; the keys that move it scroll instead."""

    has_cursor: ClassVar[bool] = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Nothing here can be opened."""
        return action != "choose"

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=step, animate=False)

    def action_move_to(self, index: int) -> None:
        """Scroll to a line; -1 is the last."""
        self.scroll_to(y=self.max_scroll_y if index < 0 else index, animate=False)

    def action_page(self, direction: int) -> None:
        """Scroll by half of what is visible."""
        self.action_move(direction * max(1, self.size.height // 2))
