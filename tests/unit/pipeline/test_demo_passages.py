"""The passages of the demo: what they are, and how they are called."""

from collections import Counter
from collections.abc import Sequence

from saetui.core.documents import Document
from saetui.pipeline.demo_passages import reads_well


def test_there_are_enough_of_many_papers(demo_passages: Sequence[Document]) -> None:
    assert len(demo_passages) > 2_000
    assert len({each.metadata["paper"] for each in demo_passages}) > 240
    assert len({each.id for each in demo_passages}) == len(demo_passages)


def test_all_read_well_and_are_of_like_length(demo_passages: Sequence[Document]) -> None:
    lengths = [len(each.text.split()) for each in demo_passages]
    assert min(lengths) >= 50
    assert max(lengths) <= 220
    # A part of a long paragraph may hold one half of an enumeration.
    assert sum(not reads_well(each.text) for each in demo_passages[::10]) <= 5


def test_titles_say_section_and_paper(demo_passages: Sequence[Document]) -> None:
    by_id = {each.id: each for each in demo_passages}
    found = by_id["2020.emnlp-main.500.introduction"]
    assert found.title == "Introduction: BERT-ATTACK: Adversarial Attack Against BERT Using BERT"
    assert (found.published, found.metadata["venue"]) == ("2020", "EMNLP")
    assert found.metadata["section"] == "Introduction"
    assert found.url == "https://aclanthology.org/2020.emnlp-main.500/"
    assert by_id["P98-1104.abstract"].published == "1998"
    assert by_id["2021.emnlp-main.411.introduction"].metadata["paper"] == (
        "OSCAR: Orthogonal Subspace Correction and Rectification of Biases in Word Embeddings"
    )
    sections = Counter(str(each.metadata["section"]) for each in demo_passages)
    assert sections["Abstract"] > 200
    assert sections["Introduction"] > 500
    assert sections["Conclusion"] > 200
