"""The names of one's field that labels may have: a file of one name a line, or a SKOS thesaurus.

SKOS is read by rdflib, an optional package.
"""

import contextlib
import hashlib
import json
import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from saetui.errors import InputError, MissingDependency
from saetui.interpret.labels import LONGEST_LABEL, Key, key_of
from saetui.store.json_files import read_regular_file
from saetui.text import visible_line

if TYPE_CHECKING:
    from rdflib import Graph, URIRef
    from rdflib.term import Node


FORMATS = {".rdf": "xml", ".xml": "xml", ".ttl": "turtle", ".nt": "nt", ".jsonld": "json-ld"}
"""What rdflib calls the form of a file, by the file's ending."""

MOST_NAMES = 200_000
MOST_BYTES = 64 << 20
# Other ways to say one name.
_MOST_ALTERNATIVES = 20


@dataclass(frozen=True)
class Concept:
    """A name that labels may have, and other ways in which documents say it."""

    name: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The names of a field, each of them once.

    Attributes:
        concepts: In the order of the file.
        left_out: How many names are too long for a label or have no letters.
    """

    concepts: tuple[Concept, ...]
    left_out: int = 0

    @property
    def fingerprint(self) -> str:
        """A hash that changes with the names, but not with comments or the form of the file."""
        text = json.dumps([[each.name, *each.alternatives] for each in self.concepts])
        return hashlib.sha256(text.encode()).hexdigest()


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


def concepts_of(path: Path, data: bytes, form: str) -> Iterator[Concept]:
    """The concepts that have a preferred label in English or without a language.

    Args:
        path: Of the file, for messages.
        data: Its content.
        form: One of `FORMATS`.

    Raises:
        InputError: It is not SKOS of that form, or refers to what is elsewhere.
        MissingDependency: rdflib is not installed.
    """
    try:
        from rdflib import Graph
        from rdflib.namespace import SKOS
    except ImportError:
        raise MissingDependency("rdflib", "Reading SKOS", "skos") from None
    if form == "json-ld":
        _check_contexts(path, data)
    graph = Graph()
    with _quiet():
        try:
            graph.parse(data=data, format=form)
        # Each of rdflib's parsers has errors of its own, and some raise any built-in one.
        except Exception as error:  # noqa: BLE001
            what = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise InputError(
                f"{path} cannot be read as SKOS ({what}).",
                "The ending must fit: .rdf or .xml, .ttl, .nt, .jsonld.",
            ) from None
    count = 0
    for concept in sorted(set(graph.subjects(SKOS.prefLabel)), key=str):
        names = _texts(graph, concept, SKOS.prefLabel)
        if names:
            count += 1
            yield Concept(names[0], tuple(names[1:] + _texts(graph, concept, SKOS.altLabel)))
    if not count:
        raise InputError(
            f"{path} has no skos:prefLabel in English or without a language.",
            "Give a SKOS thesaurus, or a text file of one name a line.",
        )


def _texts(graph: "Graph", concept: "Node", kind: "URIRef") -> list[str]:
    """Labels of one kind: those in English, then those without a language, then en-GB and such."""
    from rdflib import Literal

    labels = [each for each in graph.objects(concept, kind) if isinstance(each, Literal)]
    rank = {"en": 0, "": 1}
    known = sorted(
        (rank.get(language, 2), str(each))
        for each in labels
        if (language := (each.language or "").lower()) in rank or language.startswith("en-")
    )
    return list(dict.fromkeys(text for _, text in known))


def _check_contexts(path: Path, data: bytes) -> None:
    """Refuse JSON-LD whose words are explained elsewhere, since rdflib would fetch that."""
    try:
        level = [json.loads(data)]
    except (ValueError, RecursionError):
        return  # The parser says what is wrong.
    while level:
        each = level.pop()
        if isinstance(each, list):
            level.extend(each)
        elif isinstance(each, dict):
            contexts = each.get("@context", [])
            for context in contexts if isinstance(contexts, list) else [contexts]:
                if isinstance(context, str) or (isinstance(context, dict) and "@import" in context):
                    raise InputError(
                        f"{path} refers to a @context elsewhere, which is not fetched.",
                        "Write the @context into the file, or save the thesaurus as .ttl.",
                    )
            level.extend(each.values())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep rdflib's remarks on odd dates and addresses off the terminal."""
    log = logging.getLogger("rdflib")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before
