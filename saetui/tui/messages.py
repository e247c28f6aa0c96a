"""What views tell the screen."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from textual.message import Message


class AddFeature(Message):
    """A feature is to be chosen and added to the query."""


@dataclass
class OpenDocument(Message):
    """A document is to be read.

    Attributes:
        row: Of the document.
        feature: Whose documents it was chosen from; None where it was not.
        at: Where in its text to begin.
        about: The features of the query that found it; the cursor begins on the first it has.
    """

    row: int
    feature: int | None = None
    at: int = 0
    about: Sequence[int] = ()


@dataclass
class Judge(Message):
    """A feature's label is true of a document, or it is not; the same again takes that back.

    Attributes:
        feature: Number of the feature.
        document: Id of the document.
        true: Whether the label is true of it.
    """

    feature: int
    document: str
    _: KW_ONLY
    true: bool


class TakeBack(Message):
    """The last label, verdict, judgement, bookmark or note is to be undone."""


@dataclass
class MoreLike(Message):
    """Documents like this one are to be searched for."""

    row: int


@dataclass
class Feedback(Message):
    """The search is to be steered toward a document's features, or away from them.

    Attributes:
        row: Of the document.
        sign: 1 for toward, -1 for away.
    """

    row: int
    sign: int


@dataclass
class OpenFeature(Message):
    """A feature is to be shown in the features view."""

    feature: int


@dataclass
class ListFeatures(Message):
    """Features are to be listed in the features view.

    Attributes:
        text: For the filter line.
        features: The only ones to list, in this order; None for all.
        title: What these features have in common.
    """

    text: str = ""
    features: tuple[int, ...] | None = None
    title: str = ""


class LabelsChanged(Message):
    """The reader has annotated a feature: labels, notes or bookmarks have changed."""


@dataclass
class OpenFamily(Message):
    """A feature is to be shown in its family.

    Attributes:
        feature: Its number.
        family: Which of its families; None for the smallest.
    """

    feature: int
    family: int | None = None


@dataclass
class OpenView(Message):
    """A view is to be shown.

    Attributes:
        name: `search`, `features` or `families`; empty for the one shown last.
        find: Whether to go to its query or filter line.
    """

    name: str = ""
    find: bool = False


@dataclass
class SteerFeatures(Message):
    """Features are to be added to the query."""

    features: tuple[int, ...]


@dataclass
class ToList(Message):
    """A document is to be put into a list of the reader's."""

    row: int


@dataclass
class OnlyWith(Message):
    """Only documents that have a feature are to be searched."""

    feature: int


@dataclass
class AskQuestion(Message):
    """A question about the corpus is to be asked.

    Attributes:
        question: See `saetui.session.questions.asking`.
    """

    question: str


@dataclass
class OpenSplitting(Message):
    """A feature is to be shown beside its matches in the other SAEs."""

    feature: int


@dataclass
class UseSae(Message):
    """Another SAE of the bundle is to be used from now on.

    Attributes:
        sae: Its name.
        feature: The feature of that SAE to go to.
    """

    sae: str
    feature: int
