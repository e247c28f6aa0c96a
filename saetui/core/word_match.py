"""The rule by which typed words find labels and names, the same in every list.

A text matches if each typed word begins one of its words: "grav wav" finds "Gravitational waves",
and "wave" does not find "Microwaves". Case does not matter, nor does the order of the words.
"""

import re

from saetui.core.unspaced import MARKS, UNSPACED

_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{MARKS}])*")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case: runs of letters and digits."""
    return _WORD.findall(text.casefold())


def matches(text: str, typed: str) -> bool:
    """Whether each typed word begins a word of the text; without words, every text matches.

    Of scripts without spaces between words, a typed word may be anywhere in the text.
    """
    words = words_of(text)
    return all(
        any(each in word if UNSPACED.match(each) else word.startswith(each) for word in words)
        for each in words_of(typed)
    )
