"""Find commands and words by what they are for: `boost` finds what strengthens a feature."""

from saetui.core.words import words_of

# Words, or their beginnings, of which whoever types one may mean another.
_GROUPS = tuple(
    tuple(group.split())
    for group in (
        "strength stronger boost raise increase amplify",
        "weak lower reduce decrease less dampen",
        "write export download csv json bibtex",
        "save keep store remember",
        "copy clipboard yank share",
        "quit exit close leave stop",
        "undo revert back take reset restore",
        "put set reset restore leave",
        "everything every all",
        "redo again",
        "filter restrict limit only narrow exclude found date year category",
        "theme colour color dark light appearance settings",
        "help manual keys shortcut glossary explain",
        "list collection",
        "bookmark mark star favourite favorite",
        "document paper article text abstract publication",
        "feature concept topic latent neuron",
        "family families tree hierarchy cluster group",
        "label rename name call correct fix",
        "note comment annotate remark",
        "compare difference versus contrast side beside",
        "special typical characteristic distinctive",
        "sort order arrange",
        "why explain reason because score",
        "step history log trail",
        "search find query ask look",
        "meaning semantic embedding vector",
        "words lexical keyword fulltext",
        "like similar neighbour neighbor related feedback",
        "off remove delete zero disable mute",
        "negate opposite invert reverse",
        "true correct right verdict judge",
        "untrue wrong false",
        "sae splitting match resolution",
        "fold collapse hide",
        "unfold expand show duplicate repeated passages",
        "citation cite reference bibtex link",
        "preset session load open",
        "read preview reading",
        "first top beginning home",
        "last bottom end",
        "exact precise recall index",
        "map plot scatter picture",
    )
)
# Shorter texts begin too many words.
_SHORTEST = 3


def finds(text: str, typed: str) -> bool:
    """Whether each typed word, or one that means the same, begins a word of a text."""
    words = words_of(text)
    return all(_found(words, each) for each in words_of(typed))


def _found(words: list[str], typed: str) -> bool:
    if any(word.startswith(typed) for word in words):
        return True
    if len(typed) < _SHORTEST:
        return False
    return any(
        word.startswith(other)
        for group in _GROUPS
        if any(member.startswith(typed) or typed.startswith(member) for member in group)
        for other in group
        if len(other) >= _SHORTEST
        for word in words
    )
