"""What of a document is embedded."""

from saetui.core.documents import Document


def test_title_and_text_are_embedded_with_a_blank_line_between() -> None:
    assert Document("1", "Stars", "They shine.").embedding_text == "Stars\n\nThey shine."


def test_an_untitled_document_is_embedded_as_its_text() -> None:
    assert Document("1", "", "They shine.").embedding_text == "They shine."


def test_metadata_is_not_shared_between_documents() -> None:
    first, second = Document("1", "", "a"), Document("2", "", "b")
    assert first.metadata == {}
    assert first.metadata is not second.metadata
