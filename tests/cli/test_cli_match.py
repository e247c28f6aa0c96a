from pathlib import Path

import pytest
from bundles import SECOND, add_larger_sae, make_bundle
from command_line import Run


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add_larger_sae(make_bundle(tmp_path_factory.mktemp("bundles") / "two.bundle"))


def test_two_saes_are_compared(run: Run, two: Path) -> None:
    (found,) = run("match", two, "--json").json
    assert (found["from"], found["to"], found["least_cosine"]) == ("k4-n24", SECOND, 0.5)
    assert found["split"] == {"1": [1, 15]}
    assert len(found["recurrent"]) == 13
    assert (found["novel"], found["lost"]) == ([2, 16], [2, 17, 18, 22])
    text = run("match", two)
    assert text.rows[0][:7] == ["k4-n24", SECOND, "13", "1", "2", "2", "4"]
    assert "Features of k4-n24 that split most in k4-n32" in text.out
    assert "    15  Thick discs" in text.out


def test_one_feature_is_followed(run: Run, two: Path) -> None:
    found = run("match", two, "accretion discs", "--json").json
    assert (found["id"], found["sae"], found["family"]["children"]) == (1, "k4-n24", [4])
    (other,) = found["matches"]
    assert (other["sae"], other["parts"]) == (SECOND, [1, 15])
    nearest = other["features"][0]
    assert nearest.keys() == {"id", "label", "cosine", "together", "share", "documents"}
    assert 0 < nearest["share"] <= 1
    text = run("match", two, "1").out
    assert f"In {SECOND}, where it splits into 2" in text
    assert "Its family in k4-n24: Black holes\n4  Tidal disruption\n" in text
    lost = run("match", two, "2").out
    assert f"In {SECOND}, where it is lost" in lost


def test_a_feature_of_the_larger_sae_has_no_parts(run: Run, two: Path) -> None:
    found = run("match", two, "16", "--sae", SECOND, "--json").json
    assert (found["matches"][0]["parts"], found["family"]) == (None, None)


def test_one_sae_is_explained(run: Run, bundle: Path) -> None:
    outcome = run("match", bundle)
    assert outcome.code == 1
    assert "has one SAE, but matching needs two" in outcome.err
    assert "saetui train" in outcome.err
