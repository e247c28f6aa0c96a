"""When a name of a vocabulary takes the place of a feature's own label."""

import pytest

from saetui.interpret.labels import FeatureLabel
from saetui.interpret.terms.vocabulary_choice import Candidate, Choice


def own(feature, text):
    return FeatureLabel(feature, text, "terms", (text.lower(), "other term"), 5)


def choice(*features, documents=None):
    """Of each feature the own label, how well it is recognised, and its candidates' likewise."""
    return Choice(
        {
            number: [
                Candidate(name, 1.0, said, (documents or {}).get(name, 1))
                for name, _, said in names
            ]
            for number, (_, _, names) in enumerate(features)
        },
        {
            number: {text: score, **{name: score for name, score, _ in names}}
            for number, (text, score, names) in enumerate(features)
        },
    )


def named(*features, taken=(), **known):
    labels = [own(number, text) for number, (text, _, _) in enumerate(features)]
    return [each.text for each in choice(*features, **known).named(labels, taken)]


@pytest.mark.parametrize(
    ("own_label", "name", "fits"),
    [
        (("Orbits", 0.86), ("Orbital motion", 0.82, 0.5), True),
        (("Orbits", 0.86), ("Orbital motion", 0.80, 0.5), False),
        (("Gases", 0.62), ("Interstellar medium", 0.64, 0.5), False),
        # Nearly nobody says it.
        (("Orbits", 0.80), ("Motion", 0.80, 0.05), False),
        (("Orbits", 0.80), ("Motion", 0.86, 0.05), True),
        # The more general name may be recognised less, the more special one may not.
        (("Dwarf novae", 0.80), ("Novae", 0.71, 0.9), True),
        (("Shocks", 0.80), ("Bow shocks", 0.80, 0.2), False),
        (("Shocks", 0.80), ("Bow shocks", 0.80, 0.6), True),
        # The same name in the vocabulary's spelling.
        (("X-ray binary", 0.4), ("X-Ray Binaries", 0.4, 0.0), True),
    ],
)
def test_a_name_must_fit_the_documents(own_label, name, fits):
    assert named((*own_label, [name])) == [name[0] if fits else own_label[0]]


def test_where_a_name_comes_from_is_said():
    (label,) = choice(("Orbits", 0.7, [("orbital motion", 0.7, 1.0)])).named([own(0, "Orbits")])
    assert label == FeatureLabel(0, "Orbital motion", "vocabulary", ("orbital motion", "orbits"), 5)


def test_of_equal_names_the_more_general_is_taken():
    feature = ("Loud sources", 0.8, [("Quasars", 0.83, 0.5), ("Galaxies", 0.81, 0.5)])
    assert named(feature, documents={"Quasars": 5, "Galaxies": 90}) == ["Galaxies"]
    feature = ("Loud sources", 0.8, [("Quasars", 0.9, 0.5), ("Galaxies", 0.81, 0.5)])
    assert named(feature, documents={"Quasars": 5, "Galaxies": 90}) == ["Quasars"]


def test_no_two_features_get_one_name():
    stars = [("Stars", 0.8, 0.9), ("Suns", 0.78, 0.9)]
    fewer = [("Stars", 0.77, 0.9), ("Suns", 0.76, 0.9)]
    assert named(("Bright points", 0.7, fewer), ("Points", 0.8, stars)) == ["Suns", "Stars"]
    features = [("Star", 0.7, stars), ("Points", 0.8, stars)]
    assert named(*features) == ["Stars", "Suns"]
    features = [("Stars", 0.7, []), ("Points", 0.8, stars[:1])]
    assert named(*features) == ["Stars", "Points"]
    assert named(("Points", 0.8, stars[:1]), taken={("star",)}) == ["Points"]


def test_a_feature_without_candidates_or_trials_keeps_its_label():
    assert Choice({}, {}).named([own(0, "Stars")]) == [own(0, "Stars")]
