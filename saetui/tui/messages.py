"""What views tell the screen."""

from collections.abc import Sequence

from textual.message import Message


class AddFeature(Message):
    """A feature is to be chosen and added to the query."""


class OpenDocument(Message):
    """A document is to be read.

    Attributes:
        row: Of the document.
        feature: Whose documents it was chosen from; None where it was not.
        at: Where in its text to begin.
        about: The features of the query that found it; the cursor begins on the first it has.
    """

    def __init__(
        self, row: int, feature: int | None = None, at: int = 0, about: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.row = row
        self.feature = feature
        self.at = at
        self.about = about


class Judge(Message):
    """A feature's label is true of a document, or it is not; the same again takes that back.

    Attributes:
        feature: Number of the feature.
        document: Id of the document.
        true: Whether the label is true of it.
    """

    def __init__(self, feature: int, document: str, *, true: bool) -> None:
        super().__init__()
        self.feature = feature
        self.document = document
        self.true = true


class TakeBack(Message):
    """The last label, verdict, judgement, bookmark or note is to be undone."""


class MoreLike(Message):
    """Documents like this one are to be searched for."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row


class Feedback(Message):
    """The search is to be steered toward a document's features, or away from them.

    Attributes:
        row: Of the document.
        sign: 1 for toward, -1 for away.
    """

    def __init__(self, row: int, sign: int) -> None:
        super().__init__()
        self.row = row
        self.sign = sign


class OpenFeature(Message):
    """A feature is to be shown in the features view."""

    def __init__(self, feature: int) -> None:
        super().__init__()
        self.feature = feature


class ListFeatures(Message):
    """Features are to be listed in the features view.

    Attributes:
        text: For the filter line.
        features: The only ones to list, in this order; None for all.
        title: What these features have in common.
    """

    def __init__(
        self, text: str = "", features: tuple[int, ...] | None = None, title: str = ""
    ) -> None:
        super().__init__()
        self.text = text
        self.features = features
        self.title = title


class LabelsChanged(Message):
    """The reader has annotated a feature: labels, notes or bookmarks have changed."""


class OpenFamily(Message):
    """A feature is to be shown in its family.

    Attributes:
        feature: Its number.
        family: Which of its families; None for the smallest.
    """

    def __init__(self, feature: int, family: int | None = None) -> None:
        super().__init__()
        self.feature = feature
        self.family = family


class OpenView(Message):
    """A view is to be shown.

    Attributes:
        name: `search`, `features` or `families`; empty for the one shown last.
        find: Whether to go to its query or filter line.
    """

    def __init__(self, name: str = "", find: bool = False) -> None:
        super().__init__()
        self.name = name
        self.find = find


class SteerFeatures(Message):
    """Features are to be added to the query."""

    def __init__(self, features: tuple[int, ...]) -> None:
        super().__init__()
        self.features = features


class ToList(Message):
    """A document is to be put into a list of the reader's."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row


class OnlyWith(Message):
    """Only documents that have a feature are to be searched."""

    def __init__(self, feature: int) -> None:
        super().__init__()
        self.feature = feature


class AskQuestion(Message):
    """A question about the corpus is to be asked.

    Attributes:
        question: See `saetui.session.questions.asking`.
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question


class OpenSplitting(Message):
    """A feature is to be shown beside its matches in the other SAEs."""

    def __init__(self, feature: int) -> None:
        super().__init__()
        self.feature = feature


class UseSae(Message):
    """Another SAE of the bundle is to be used from now on.

    Attributes:
        sae: Its name.
        feature: The feature of that SAE to go to.
    """

    def __init__(self, sae: str, feature: int) -> None:
        super().__init__()
        self.sae = sae
        self.feature = feature
