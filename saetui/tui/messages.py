"""What views tell the screen."""

from textual.message import Message


class OpenDocument(Message):
    """A document is to be read."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row


class OpenFeature(Message):
    """A feature is to be looked at in the features view."""

    def __init__(self, feature: int) -> None:
        super().__init__()
        self.feature = feature


class OpenFamily(Message):
    """A feature is to be looked at in its family."""

    def __init__(self, feature: int) -> None:
        super().__init__()
        self.feature = feature


class SteerFeatures(Message):
    """Features are to be added to the query."""

    def __init__(self, features: tuple[int, ...]) -> None:
        super().__init__()
        self.features = features
