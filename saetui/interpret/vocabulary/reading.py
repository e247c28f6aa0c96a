"""Read the names of a vocabulary: a text file of one name a line, or a SKOS thesaurus."""

from collections.abc import Iterable
from pathlib import Path

from saetui.errors import InputError
from saetui.interpret.labels import LONGEST_LABEL, Key, key_of
from saetui.interpret.vocabulary.names import Concept, Vocabulary
from saetui.interpret.vocabulary.skos import FORMATS, concepts_of
from saetui.store.json_files import read_regular_file
from saetui.text import visible_line

MOST_NAMES = 200_000
MOST_BYTES = 64 << 20
# Other ways to say one name.
_MOST_ALTERNATIVES = 20


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary; its ending says whether it is SKOS.

    Names that differ only in case, hyphens, or singular and plural count once.

    Raises:
        InputError: The file cannot be read, is too large, or holds no name.
        MissingDependency: It is SKOS, and rdflib is not installed.
    """
    data = _bytes_of(path)
    kind = FORMATS.get(path.suffix.lower())
    found = _lines(path, data) if kind is None else concepts_of(path, data, kind)
    vocabulary = _each_once(path, found)
    if not vocabulary.concepts:
        raise InputError(
            f"{path} holds no name that could be a label.",
            f"Write one name a line, each of at most {LONGEST_LABEL} characters.",
        )
    return vocabulary


def _bytes_of(path: Path) -> bytes:
    try:
        return read_regular_file(path, MOST_BYTES)
    except OSError as error:
        why = error.strerror or error
        raise InputError(
            f"The vocabulary {path} cannot be read ({why}).", "Name a file with --vocabulary."
        ) from None
    except ValueError as error:
        raise InputError(
            f"The vocabulary {path} is too large: {error}.", "Keep the part of it that you need."
        ) from None


def _lines(path: Path, data: bytes) -> Iterable[Concept]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(
            f"The vocabulary {path} is not text in UTF-8.",
            "Write one name a line, or give SKOS as .rdf, .xml, .ttl, .nt or .jsonld.",
        )
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield Concept(line)


def _each_once(path: Path, found: Iterable[Concept]) -> Vocabulary:
    known: dict[Key, Concept] = {}
    left_out = 0
    for concept in found:
        name, *others = (visible_line(text) for text in (concept.name, *concept.alternatives))
        key = key_of(name)
        if len(name) > LONGEST_LABEL or not any(letter.isalpha() for letter in name) or not key:
            left_out += 1
            continue
        if key not in known and len(known) == MOST_NAMES:
            raise InputError(
                f"{path} holds more than {MOST_NAMES:,} names.",
                "Keep the part of it that you need.",
            )
        same = {key_of(other): other for other in reversed(others) if len(other) <= LONGEST_LABEL}
        others = [text for each, text in reversed(same.items()) if each and each != key]
        known.setdefault(key, Concept(name, tuple(others[:_MOST_ALTERNATIVES])))
    return Vocabulary(tuple(known.values()), left_out)
