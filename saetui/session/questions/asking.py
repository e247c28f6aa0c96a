"""Questions about a corpus in one line of text, as the app takes them.

    category:cs.LG vs category:cs.CV     what sets two groups apart, see `groups`
    after:2020                           a group against the rest
    results vs unsteered                 the results shown, against those before steering
    to stars                             what goes with a field
    over months                          what rises and falls by year, quarter or month
    over months all                      the same with features that are no subjects
    topics 30                            every document in one of 30 groups

Any of these may end in "within FILTER": only documents that pass it count.
"""

import re

from saetui.errors import InputError
from saetui.session.questions.answers import Answer, Unit
from saetui.session.questions.compare import compare
from saetui.session.questions.fields import PERIODS
from saetui.session.questions.groups import REST, Shown
from saetui.session.questions.relate import relate
from saetui.session.questions.topics import USUAL, topics
from saetui.session.questions.trends import trends
from saetui.session.session import Session

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TIME = ("time", "dates")


def ask(
    session: Session, text: str, *, unit: Unit = "feature", shown: Shown | None = None
) -> Answer:
    """Answer a question.

    Args:
        session: An open bundle.
        text: As described above.
        unit: Whether features or families are counted.
        shown: The search whose results are meant by `results`, `unsteered` and `marked`.

    Raises:
        InputError: The question cannot be answered; the message says why.
    """
    question, within = _split(text.strip(), "within")
    word, _, rest = question.partition(" ")
    rest = rest.strip()
    if word == "to" and rest:
        return relate(session, rest.strip('"'), within=within, unit=unit)
    if word == "over" and rest:
        rest, _, everything = rest.partition(" ")
        singular = rest.removesuffix("s")
        period = next((each for each in PERIODS if each == singular), None)
        if (period is None and rest not in _TIME) or everything not in ("", "all"):
            raise InputError(
                f"'{rest} {everything}'".replace(" '", "'") + " is not a period.",
                "Write: over years, over quarters or over months",
            )
        return trends(session, period, within=within, unit=unit, everything=bool(everything))
    if word == "topics" and (not rest or rest.isdigit()):
        return topics(session, int(rest[:6] or USUAL), within=within)
    if not question:
        raise InputError(
            "There is no question yet.", "Write for example: category:cs.LG vs category:cs.CV"
        )
    a, b = _split(question, "vs")
    return compare(session, a, b or REST, within=within, unit=unit, shown=shown)


def field_asked(text: str) -> tuple[str, str]:
    """The field that a question is about, and its filter; empty if it is about none."""
    question, within = _split(text.strip(), "within")
    word, _, rest = question.partition(" ")
    return (rest.strip().strip('"'), within) if word == "to" else ("", "")


def _split(text: str, word: str) -> tuple[str, str]:
    """What is before and after a word that stands alone and outside quotation marks."""
    masked = re.sub(_QUOTED, lambda found: "x" * len(found[0]), text)
    found = re.search(rf"(?:^|\s){word}(?:\s|$)", masked)
    if found is None:
        return text, ""
    return text[: found.start()].strip(), text[found.end() :].strip()
