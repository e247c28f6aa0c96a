"""A user's text as an expression of SQLite's full-text search."""

import re

from saetui.interpret.terms.stopwords import STOP_WORDS

# What stands in quotation marks is a phrase; all else is words.
_PART = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"[^\W_]")


def fts_query(text: str) -> str:
    """An expression that matches documents with any of the text's words or quoted phrases.

    Every part is quoted, so that nothing in it is taken for an operator. Words that stand in
    nearly every text are left out unless there are no others.

    Returns:
        The expression; empty where the text holds no word.
    """
    parts = [phrase or word for phrase, word in _PART.findall(text)]
    parts = [part.replace('"', " ") for part in parts if _WORD.search(part)]
    telling = [part for part in parts if part.casefold().strip(".,;:!?()") not in STOP_WORDS]
    return " OR ".join(f'"{part}"' for part in dict.fromkeys(telling or parts))
