"""The syntax of the filter line of features, and the examples that explain it."""

import re
from dataclasses import dataclass

# The first ones are shown where there is no room for all.
_EXAMPLES = (
    "words",
    "~a meaning",
    "true>0.8",
    "density<0.01",
    "quality:mixed",
    "family:any",
    "bookmark:any",
    "note:any",
)
EXPLANATION = (
    "No feature is like that. A filter holds any of these:",
    "",
    "  tidal flare      words of the label, or a number",
    "  ~stars explode   a meaning",
    "  true>0.8         also: density documents active mean",
    "                   max f1 pearson cohesion stability id",
    "  quality:one      or: two word mixed rare dead",
    "  family:any       or none, or words; label note bookmark",
)
_UNFINISHED = re.compile(r"(\w+)(<=|>=|!=|!|<|>|=|:)")


def hint(width: int) -> str:
    """Examples of what can be typed, as many as fit."""
    text = f"Filter: {_EXAMPLES[0]}"
    for example in _EXAMPLES[1:]:
        if len(text) + len(example) + 3 <= width:
            text += f"  {example}"
    return text


@dataclass(frozen=True)
class FilterText:
    """The text of the filter line, perhaps half typed.

    Attributes:
        text: What to filter by: a last condition without a value is left out.
        meaning: The part that has to be embedded first, or empty.
        ranked: Whether the matches have an order, the best first.
    """

    text: str
    meaning: str
    ranked: bool

    @classmethod
    def of(cls, typed: str) -> "FilterText":
        """Read what is typed."""
        from saetui.session.features.feature_filter import FIGURES, NAMES, FeatureFilter

        *before, last = typed.split() or [""]
        unfinished = _UNFINISHED.fullmatch(last)
        lacking = unfinished and unfinished[1].casefold() in (*FIGURES, *NAMES)
        text = " ".join(before if lacking else (*before, last))
        wanted = FeatureFilter.parse(text)
        return cls(text, wanted.meaning, bool(wanted.words or wanted.meaning))
