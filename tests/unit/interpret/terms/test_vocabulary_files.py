"""Vocabularies as people have them: text of any make, SKOS of any form, and files that are none."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import InputError, MissingDependency
from saetui.interpret.labels import LONGEST_LABEL, key_of
from saetui.interpret.terms.vocabulary import read_vocabulary
from saetui.text import visible_line

TURTLE = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <http://example.org/> .
:1 a skos:Concept ; skos:prefLabel "Schwarzes Loch"@de, "Black holes"@en ;
   skos:altLabel "Collapsars"@en, "trous noirs"@fr .
:2 skos:prefLabel "Quasars" ; skos:altLabel "QSO" .
:3 skos:prefLabel "Colour"@en-GB .
:4 skos:prefLabel "Sterne"@de .
"""
EXPECTED = {"Black holes": ("Collapsars",), "Quasars": ("QSO",), "Colour": ()}


def read(folder, content, name="names.txt"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_vocabulary(path)


def names(vocabulary):
    return [each.name for each in vocabulary.concepts]


def test_text_of_one_name_a_line(tmp_path):
    text = "\ufeff# stars\r\nBlack holes\r\n\r\n  black-hole \nDark\tmatter\nblack hole\n# x\n42\n"
    found = read(tmp_path, text)
    assert names(found) == ["Black holes", "Dark matter"]
    assert found.left_out == 1


def test_equal_names_have_one_fingerprint_others_another(tmp_path):
    one = read(tmp_path, "Quasars\nStars\n").fingerprint
    assert read(tmp_path, "# again\nQuasars\n\nStars\nstar").fingerprint == one
    assert read(tmp_path, "Quasars\nStarlight\n").fingerprint != one


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no name"),
        (b"# only\n\n 12\n" + b"x" * (LONGEST_LABEL + 1), "holds no name"),
        (b"\x89PNG\r\n\x00\x01", "not text in UTF-8"),
        ("\u00e9toiles".encode("latin-1"), "not text in UTF-8"),
        ("stars".encode("utf-16"), "not text in UTF-8"),
    ],
)
def test_a_file_without_names_gets_a_sentence(tmp_path, content, says):
    with pytest.raises(InputError, match=says):
        read(tmp_path, content)


def test_missing_folders_and_large_files_get_a_sentence(tmp_path, monkeypatch):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_vocabulary(path)
    monkeypatch.setattr("saetui.interpret.terms.vocabulary.MOST_BYTES", 10)
    with pytest.raises(InputError, match="too large"):
        read(tmp_path, "stars and more stars")


def test_too_many_names_get_a_sentence_but_repeated_ones_count_once(tmp_path, monkeypatch):
    monkeypatch.setattr("saetui.interpret.terms.vocabulary.MOST_NAMES", 3)
    assert len(read(tmp_path, "a1\nb1\nc1\nA1\nB1\n").concepts) == 3
    with pytest.raises(InputError, match="more than 3 names"):
        read(tmp_path, "a1\nb1\nc1\nd1\n")


@given(st.lists(st.text(max_size=60), max_size=12), st.booleans())
def test_whatever_a_text_holds(tmp_path_factory, lines, marked):
    path = tmp_path_factory.mktemp("any") / "names.txt"
    text = "\n".join(lines)
    path.write_bytes(text.encode("utf-8-sig" if marked else "utf-8", "ignore"))
    try:
        found = read_vocabulary(path)
    except InputError:
        return
    keys = [key_of(name) for name in names(found)]
    assert len(set(keys)) == len(keys)
    for name in names(found):
        assert name == name.strip()
        assert 0 < len(name) <= LONGEST_LABEL
        assert name == visible_line(name)
        assert any(letter.isalpha() for letter in name)
    # Reading what was read changes nothing.
    again = path.with_name("again.txt")
    again.write_text("\n".join(name for name in names(found) if name[0] != "#") + "\nx", "utf-8")
    kept = [name for name in names(found) if name[0] != "#"]
    assert names(read_vocabulary(again))[: len(kept)] == kept


@pytest.mark.parametrize(
    ("ending", "form"),
    [(".ttl", "turtle"), (".rdf", "xml"), (".xml", "xml"), (".nt", "nt"), (".jsonld", "json-ld")],
)
def test_skos_of_every_form(tmp_path, ending, form):
    from rdflib import Graph

    content = Graph().parse(data=TURTLE, format="turtle").serialize(format=form)
    found = read(tmp_path, content, f"thesaurus{ending}")
    assert {each.name: each.alternatives for each in found.concepts} == EXPECTED


def test_skos_that_is_none(tmp_path):
    for name in ("a.ttl", "a.rdf", "a.nt", "a.jsonld"):
        with pytest.raises(InputError, match=r"cannot be read as SKOS"):
            read(tmp_path, "Black holes, and {no", name)
    with pytest.raises(InputError, match="no skos:prefLabel in English"):
        read(tmp_path, TURTLE.split(":1 a", maxsplit=1)[0] + ":4 :name 'x' .", "b.ttl")


def test_nothing_is_fetched_for_a_vocabulary(tmp_path):
    remote = {"@context": ["https://example.org/context"], "@id": "http://example.org/1"}
    with pytest.raises(InputError, match="not fetched"):
        read(tmp_path, json.dumps({"@graph": [remote]}), "a.jsonld")
    secret = tmp_path / "secret.txt"
    secret.write_text("Secret")
    xml = f"""<!DOCTYPE r [<!ENTITY s SYSTEM "{secret.as_uri()}">]>
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
     xmlns:skos="http://www.w3.org/2004/02/skos/core#">
    <skos:Concept rdf:about="http://example.org/1"><skos:prefLabel>A &s;</skos:prefLabel>
    </skos:Concept></rdf:RDF>"""
    assert "Secret" not in str(read(tmp_path, xml, "a.rdf"))


def test_without_rdflib_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdflib", None)
    with pytest.raises(MissingDependency, match=r"saetui\[skos\]"):
        read(tmp_path, TURTLE, "a.ttl")
