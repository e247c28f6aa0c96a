"""Where the sentences of a text begin and end."""

import re

Span = tuple[int, int]

# A sentence ends with one of these marks, perhaps in brackets or quotation marks, before a space,
# or where a paragraph ends.
_END = re.compile(
    "[.!?\u3002\uff01\uff1f]+[\"'\u201d\u2019)\\]]*(?=\\s|$)|\n\\s*\n|(?<=[\u3002\uff01\uff1f])"
)
# After these a full stop seldom ends a sentence.
_ABBREVIATIONS = frozenset(
    {
        *("al", "approx", "ca", "cf", "corr", "dept", "dr", "e.g", "eq", "eqs", "etc", "fig"),
        *("figs", "i.e", "inc", "jr", "mr", "mrs", "ms", "no", "nos", "pp", "prof", "ref", "refs"),
        *("resp", "sec", "sect", "st", "tab", "vol", "vs", "viz"),
    }
)
_LAST_WORD = re.compile("([^\\s(\\[]+)[.!?]+[\"'\u201d\u2019)\\]]*$")
# A longer one is cut, so that a text without any marks is not one sentence.
_LONGEST = 600


def sentences(text: str) -> list[Span]:
    """Start and end of each sentence, without the spaces around it; they do not overlap."""
    found: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() <= start or not _ends(text, start, match.end()):
            continue
        found += _trimmed(text, start, match.end())
        start = match.end()
    return found + _trimmed(text, start, len(text))


def _ends(text: str, start: int, end: int) -> bool:
    """Whether a sentence ends there, and not an abbreviation, an initial or a number."""
    following = text[end:].lstrip()[:1]
    last = _LAST_WORD.search(text, start, end)
    if last is None or not following:
        return True
    word = last[1].casefold()
    if following.islower() or word.rstrip(".") in _ABBREVIATIONS:
        return False
    return not (len(word) == 1 and word.isalpha() and text[end - 1] == ".")


def _trimmed(text: str, start: int, end: int) -> list[Span]:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end -= len(part) - len(part.rstrip())
    spans: list[Span] = []
    while end - start > _LONGEST:
        space = text.rfind(" ", start, start + _LONGEST)
        cut = space if space > start else start + _LONGEST
        spans.append((start, cut))
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    return [*spans, (start, end)] if end > start else spans
