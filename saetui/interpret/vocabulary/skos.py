"""Read the concepts of a SKOS thesaurus by rdflib, an optional package."""

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from saetui.errors import InputError, MissingDependency
from saetui.interpret.vocabulary.names import Concept

if TYPE_CHECKING:
    from rdflib import Graph, URIRef
    from rdflib.term import Node

FORMATS = {".rdf": "xml", ".xml": "xml", ".ttl": "turtle", ".nt": "nt", ".jsonld": "json-ld"}
"""What rdflib calls the form of a file, by the file's ending."""


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
