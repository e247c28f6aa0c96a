"""From a reply to a label that can be shown."""

import re

from saetui.interpret.labels import sentence_case
from saetui.interpret.llm.replies import Unusable, object_in, without_reasoning
from saetui.text import visible_line

MOST_WORDS = 8
_LONGEST = 120
_DECORATION = " \t\"'`*_#\u201c\u201d\u2018\u2019\u00ab\u00bb"
_PREFIX = re.compile(r"^\W*(?:the\s+)?label(?:\s+is)?\s*[:=]\s*", re.IGNORECASE)


def label_in(text: str) -> str:
    """The label that a reply gives, in JSON or as a line of text.

    Raises:
        Unusable: It gives none, or one of more than eight words.
    """
    found = object_in(text, "label")
    label = found["label"] if found is not None else _line_in(text)
    if not isinstance(label, str):
        raise Unusable("its label is not text")
    label = visible_line(label).strip(_DECORATION).rstrip(".;,").strip(_DECORATION)
    if not any(letter.isalnum() for letter in label):
        raise Unusable("it gives no label")
    words = len(label.split())
    if words > MOST_WORDS or len(label) > _LONGEST:
        raise Unusable(f"its label has {words} words, and {MOST_WORDS} are allowed")
    return sentence_case(label)


def _line_in(text: str) -> str:
    """The label in a reply without JSON: behind "Label:", or the only line there is."""
    text = without_reasoning(text)
    lines = [line.strip() for line in text.splitlines() if line.strip().strip("`")]
    named = [line for line in lines if _PREFIX.match(line)]
    if named:
        return _PREFIX.sub("", named[-1])
    if len(lines) != 1 or lines[0].startswith(("{", "[")):
        raise Unusable("it is not the JSON object asked for")
    return lines[0]
