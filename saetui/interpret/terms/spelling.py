"""How a phrase is written: its usual number, and capitals where they belong."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from saetui.interpret.terms.phrases import Phrases
from saetui.interpret.terms.words import STOP

# As many occurrences, spread over all of them, tell how a phrase is written.
_OCCURRENCES_READ = 100


def spell(phrases: Phrases, phrase: int) -> str:
    """A phrase as the corpus mostly writes it.

    Where it ends a noun phrase tells its number, because English nouns before other nouns are
    singular. Bodies tell its capitals, because titles often capitalise every word. Of equally
    frequent spellings the first by alphabet wins, and the one with fewer capitals.
    """
    tokens, length = phrases.tokens, int(phrases.lengths[phrase])
    span = phrases.positions[phrases.places[phrase] : phrases.places[phrase + 1]]
    span = _preferred(span, tokens.kinds[tokens.forms[span + length]] == STOP)
    span = _preferred(span, span >= tokens.bodies[tokens.document_of(span)])
    read = span[:: -(-len(span) // _OCCURRENCES_READ)]
    written = [
        tuple(tokens.spellings[form] for form in row)
        for row in tokens.forms[read[:, None] + np.arange(length)].tolist()
    ]
    folded = Counter(" ".join(row).lower() for row in written)
    usual = min(folded, key=lambda text: (-folded[text], text))
    alike = [row for row in written if " ".join(row).lower() == usual]
    columns = [Counter(column) for column in zip(*alike, strict=True)]
    return " ".join(min(each, key=lambda form: (-each[form], form.swapcase())) for each in columns)


def _preferred(span: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    return span[wanted] if wanted.any() else span
