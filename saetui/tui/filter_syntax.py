"""What the filter line of the features understands, as it is told to the reader."""

import re
from dataclasses import dataclass

# In the order in which they are told where not all find room.
_EXAMPLES = (
    "words",
    "~a meaning",
    "f1>0.8",
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
    "  f1>0.8           also: density documents mean max",
    "                   pearson cohesion stability id",
    "  quality:mixed    or: coherent broad rare dead",
    "  family:any       or none, or words; label note bookmark",
)
_UNFINISHED = re.compile(r"(\w+)(<=|>=|!=|!|<|>|=|:)")


def hint(width: int) -> str:
    """Examples of what may be typed, as many as find room."""
    text = f"Filter: {_EXAMPLES[0]}"
    for example in _EXAMPLES[1:]:
        if len(text) + len(example) + 3 <= width:
            text += f"  {example}"
    return text


@dataclass(frozen=True)
class FilterText:
    """What is typed so far.

    Attributes:
        text: Without a last condition that still lacks its value.
        meaning: What must be embedded before it can be answered, or empty.
        ranked: Whether some of what it finds fits better than the rest.
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
