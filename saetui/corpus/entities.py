"""HTML entities in texts, such as `&amp;` and `&#039;`."""

import html
import re

# Without the semicolon, which browsers forgive, "AT&T" and "x&lt y" would be entities, too.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")


def without_entities(value: object) -> object:
    """A text with its entities replaced by what they stand for, once; other values as they are."""
    if isinstance(value, str):
        return _decoded(value) if "&" in value else value
    if isinstance(value, list):
        return [_decoded(each) if isinstance(each, str) else each for each in value]
    return value


def _decoded(text: str) -> str:
    return _ENTITY.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    meant = html.unescape(found[0])
    # Half of a surrogate pair is no text, and control characters are none either.
    return meant if meant.isprintable() or meant in "\t\n\xa0" else found[0]
