"""What is done to a text before any embedder sees it."""

from saetui.errors import InputError


def checked_query(text: str) -> str:
    """`text` without surrounding white space, safe to encode.

    Raises:
        InputError: It is blank, and an embedding of nothing would match at random.
    """
    query = encodable(text).strip()
    if not query:
        raise InputError("The query is empty.", "Type what to search for.")
    return query


def encodable(text: str) -> str:
    """`text` with lone surrogates, which no encoder takes, replaced by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
