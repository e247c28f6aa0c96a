"""What to show of a long document that was found: the sentence that says why it was found."""

from dataclasses import dataclass

from saetui.core.words import sentences, words_of

# A word of the query counts if a sentence has its beginning, so that other forms count, too.
_STEM = 6
# Shorter words of letters with spaces between them, such as "of", tell sentences apart by chance.
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence of a document.

    Attributes:
        text: The sentence, and what follows it in the passage.
        start: Where it begins in the document's text.
    """

    text: str
    start: int


def excerpt(text: str, query: str, start: int = 0, stop: int | None = None) -> Excerpt:
    """The sentence of a passage that has most of a query's words, long words counting for more.

    Args:
        text: Of the document.
        query: As it was typed; where no sentence has a word of it, the passage's beginning is told.
        start: Where the passage begins.
        stop: Where it ends; None for the end of the text.
    """
    passage = text[start:stop]
    stems = {
        word[:_STEM]: len(word)
        for word in words_of(query)
        if len(word) >= _SHORTEST or not word.isascii()
    }

    def shared(span: tuple[int, int]) -> int:
        words = passage[slice(*span)].casefold()
        return sum(weight for stem, weight in stems.items() if stem in words)

    spans = sentences(passage)
    if not spans:
        return Excerpt("", start)
    # Of equal ones `max` takes the first.
    first = max(spans, key=shared)[0]
    return Excerpt(passage[first:].strip(), start + first)
