import json

import pytest

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.corpus.json_records import submission_month, unwrapped
from saetui.errors import InputError


def record(identifier: str, categories: str, **fields: object) -> dict[str, object]:
    return {
        "id": identifier,
        "submitter": "A. Person",
        "authors": "A. Person and\n  B. Other",
        "title": "Prompt diphoton\n  production",
        "comments": None,
        "journal-ref": None,
        "doi": "10.1000/1",
        "report-no": None,
        "categories": categories,
        "license": None,
        "abstract": "  A fully differential\ncalculation.\n  A second paragraph\nends here.\n",
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
        "update_date": "2008-11-26",
        "authors_parsed": [["Person", "A.", ""]],
        **fields,
    }


@pytest.fixture
def snapshot(tmp_path):
    records = [
        record("0704.0001", "hep-ph"),
        record("astro-ph/9901001", "astro-ph astro-ph.GA"),
        record("2408.00657", "cs.LG stat.ML"),
        record("weird-id", "cs"),
    ]
    path = tmp_path / "arxiv-metadata-oai-snapshot.json"
    path.write_text("".join(json.dumps(fields) + "\n" for fields in records))
    return path


def test_a_record_is_tidied(snapshot):
    corpus = open_corpus(snapshot)
    assert corpus.format == "arxiv"
    assert next(iter(corpus)) == Document(
        id="0704.0001",
        title="Prompt diphoton production",
        text="A fully differential calculation.\nA second paragraph ends here.",
        url="https://arxiv.org/abs/0704.0001",
        published="2007-04",
        metadata={
            "submitter": "A. Person",
            "authors": "A. Person and B. Other",
            "doi": "10.1000/1",
            "categories": ["hep-ph"],
            "update_date": "2008-11-26",
        },
    )


def test_dates_and_links_come_from_the_id(snapshot):
    found = {document.id: (document.published, document.url) for document in open_corpus(snapshot)}
    assert found["astro-ph/9901001"] == ("1999-01", "https://arxiv.org/abs/astro-ph/9901001")
    assert found["2408.00657"] == ("2024-08", "https://arxiv.org/abs/2408.00657")
    assert found["weird-id"] == ("2008-11-26", "")


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (("cs.LG",), ["2408.00657"]),
        (("cs",), ["2408.00657", "weird-id"]),
        (("CS.lg", "hep-ph"), ["0704.0001", "2408.00657"]),
        (("astro-ph",), ["astro-ph/9901001"]),
        (("astro-ph.GA",), ["astro-ph/9901001"]),
    ],
)
def test_categories(snapshot, wanted, ids):
    corpus = open_corpus(snapshot, CorpusOptions(categories=wanted))
    assert [document.id for document in corpus] == ids
    assert corpus.report.filtered == 4 - len(ids)


@pytest.mark.parametrize("wanted", ["c", "cs.L", "stat.M", "astro"])
def test_part_of_a_name_is_no_category(snapshot, wanted):
    with pytest.raises(InputError, match="no document in") as caught:
        list(open_corpus(snapshot, CorpusOptions(categories=(wanted,))))
    assert "hep-ph" in caught.value.hint


def test_a_category_where_there_is_no_such_field(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,text\na,x\n")
    with pytest.raises(InputError, match="no field 'categories'"):
        list(open_corpus(path, CorpusOptions(categories=("cs",))))


@pytest.mark.parametrize(
    ("categories", "kept"),
    [("cs.LG; stat.ML", True), ("math.AG, cs.CV", True), ("math.AG", False), ("", False)],
)
def test_categories_of_a_table(tmp_path, categories, kept):
    path = tmp_path / "c.csv"
    path.write_text(f'id,text,Categories\na,x,"{categories}"\nb,y,Computer Science|cs.IR\n')
    corpus = open_corpus(path, CorpusOptions(categories=("cs", "Computer Science")))
    assert [document.id for document in corpus] == (["a", "b"] if kept else ["b"])


def test_a_record_outside_the_categories_is_no_problem(tmp_path):
    path = tmp_path / "c.jsonl"
    lines = ['{"text": "", "categories": "math"}', '{"text": "x", "categories": ["cs.LG", 3]}']
    path.write_text("\n".join(lines))
    corpus = open_corpus(path, CorpusOptions(categories=("cs",), strict=True))
    assert [document.id for document in corpus] == ["line-2"]
    assert (corpus.report.filtered, corpus.report.empty) == (1, 0)


def test_the_format_can_be_asked_for(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "arXiv:1903.06568v2", "title": "T", "text": "hard\\nwrapped"}')
    assert list(open_corpus(path, CorpusOptions(format="arxiv"))) == [
        Document(
            "arXiv:1903.06568v2",
            "T",
            "hard wrapped",
            "https://arxiv.org/abs/1903.06568v2",
            "2019-03",
        )
    ]


def test_json_lines_with_an_abstract_are_not_taken_for_the_snapshot(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "1", "abstract": "x", "categories": ["cs"], "update_date": "2019"}')
    assert open_corpus(path).format == "jsonl"


@pytest.mark.parametrize(
    ("identifier", "month"),
    [
        ("0704.0001", "2007-04"),
        ("1412.9999", "2014-12"),
        ("2408.00657v2", "2024-08"),
        ("arXiv:1501.00001", "2015-01"),
        ("astro-ph/9108001", "1991-08"),
        ("math.GT/0309136", "2003-09"),
        ("hep-th/0703123v1", "2007-03"),
        ("cond-mat.str-el/0001001", "2000-01"),
        ("0713.0001", ""),
        ("0700.0001", ""),
        ("0704.00", ""),
        ("astro-ph/99010012", ""),
        ("9901001", ""),
        ("10.1000/0704.0001", ""),
        ("", ""),
    ],
)
def test_submission_month(identifier, month):
    assert submission_month(identifier) == month


def test_unwrapped_keeps_paragraphs_only():
    assert unwrapped("  a\nb\n\n  c\r\n d \n") == "a b\nc\nd"
    assert unwrapped("") == ""
