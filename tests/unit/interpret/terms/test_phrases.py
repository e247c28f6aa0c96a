"""Which word sequences pass as phrases, where they are, and how they are written."""

import numpy as np

from saetui.interpret.terms.phrases import find_phrases, frequent_sequences, spell
from saetui.interpret.terms.tokens import tokenize

# Often enough that every sequence of it counts as frequent.
CORPUS = [
    ("Supermassive Black Holes", "We study supermassive black holes in galaxies."),
    ("", "The supermassive black holes of a galaxy."),
    ("", "A black hole and a supermassive black hole of Abell 1689."),
    ("Fast radio bursts", "The models of fast radio bursts are models. Abell 1689 is a cluster."),
    ("", "A fast radio burst of 5 ms is not a galaxy; Abell 1689 is close to fast radio bursts."),
]


def found(documents):
    phrases = find_phrases(tokenize(documents))
    return phrases, [spell(phrases, phrase) for phrase in range(len(phrases))]


def test_whole_noun_phrases_are_found_and_fragments_are_not():
    phrases, names = found(CORPUS)
    whole = {name for name, is_whole in zip(names, phrases.whole, strict=True) if is_whole}
    assert {"supermassive black holes", "fast radio bursts", "galaxy", "Abell 1689"} <= whole
    fragments = {"supermassive black", "black", "hole", "holes", "radio bursts", "fast radio"}
    generic = {"models", "5", "ms", "5 ms", "fast", "study", "close"}
    assert not whole & (fragments | generic)


def test_a_single_word_that_combines_with_many_others_is_kept_as_a_part():
    kinds = ("stragglers", "giants", "galaxies", "spirals", "variables", "dwarfs")
    phrases, names = found([("", f"We see the blue {kind} of {kind}.") for kind in kinds])
    assert not phrases.whole[names.index("blue")]


def whole_of(*texts):
    phrases, names = found([("", text) for text in texts])
    return {name for name, whole in zip(names, phrases.whole, strict=True) if whole}


def test_what_mostly_is_part_of_one_longer_phrase_is_left_out():
    often = whole_of(*["The cosmic void."] * 8, *["The void."] * 2)
    assert often == {"cosmic void"}
    seldom = whole_of(*["The cosmic void."] * 6, *["The void."] * 4)
    assert seldom == {"cosmic void", "void"}


def test_what_hardly_ever_begins_a_noun_phrase_is_left_out():
    kinds = ("cosmic", "stellar", "galactic", "solar", "lunar")
    assert "void" not in whole_of(*[f"The {kind} void." for kind in kinds])
    assert "void" in whole_of(*[f"The {kind} void." for kind in kinds], "The void.")


def test_documents_and_titles_of_phrases():
    phrases, names = found(CORPUS)
    phrase = names.index("supermassive black holes")
    rows = np.repeat(np.arange(len(CORPUS)), np.diff(phrases.indptr))
    has = phrases.members == phrase
    assert rows[has].tolist() == [0, 1, 2]
    assert phrases.in_title[has].tolist() == [True, False, False]
    for start, end in zip(phrases.indptr[:-1], phrases.indptr[1:], strict=True):
        assert (np.diff(phrases.members[start:end]) > 0).all()


def test_positions_lead_back_to_the_words():
    phrases, names = found(CORPUS)
    tokens = phrases.tokens
    for phrase, name in enumerate(names):
        for start in phrases.positions[phrases.places[phrase] : phrases.places[phrase + 1]]:
            forms = tokens.forms[start : start + phrases.lengths[phrase]]
            assert len(name.split(" ")) == len(forms)


def test_frequent_sequences_are_those_of_a_plain_count():
    rng = np.random.default_rng(0)
    letters = [f"q{letter}" for letter in "abcdefgh"]
    texts = [" ".join(rng.choice(letters, 12)) for _ in range(60)]
    levels = frequent_sequences(tokenize([("", text) for text in texts]))
    for level in levels:
        counts, spread = {}, {}
        for row, text in enumerate(texts):
            words = text.split()
            for start in range(len(words) - level.length + 1):
                run = tuple(words[start : start + level.length])
                counts[run] = counts.get(run, 0) + 1
                spread.setdefault(run, set()).add(row)
        frequent = sorted(counts[run] for run in counts if len(spread[run]) >= 2)
        assert sorted(level.counts.tolist()) == frequent


def test_spelling_takes_the_usual_number_and_the_capitals_of_bodies():
    documents = [
        ("Gaussian Process Models Of Dark Matter", "The Gaussian process models are old."),
        ("Dark Matter", "The Gaussian processes of dark matter. Another Gaussian process."),
        ("Dark Matter", "The Gaussian processes of the Gaussian processes and dark matter."),
    ]
    names = found(documents)[1]
    assert "Gaussian processes" in names
    assert "dark matter" in names
    assert len({name.lower() for name in names}) == len(names)


def test_equally_frequent_spellings_are_decided_by_alphabet_and_fewer_capitals():
    names = found([("", "The quasar. The quasars. The Blazar. The blazar.")])[1]
    assert names == ["quasar", "blazar"]


def test_corpora_without_words_have_no_phrases():
    for documents in ([], [("", "")], [("", "123 456")], [("", "the of and")]):
        phrases, names = found(documents)
        assert names == []
        assert phrases.indptr.tolist() == [0] * (len(documents) + 1)


def test_a_word_that_has_objects_is_a_verb_and_no_phrase():
    texts = [
        ("", f"Simulating the flow of disc{row}. Clustering of galaxies.") for row in range(12)
    ]
    _, names = found(texts)
    assert "Clustering" in names
    assert "Simulating" not in names


def test_variables_of_formulas_end_no_term():
    names = whole_of(*["The word w of the H II and the p values of the th element."] * 4)
    assert {"H II", "p values"} <= names
    assert not names & {"word w", "th element"}
