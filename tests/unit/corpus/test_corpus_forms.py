"""Corpora as they come: other encodings, entities, dates of many forms, columns without names."""

import gzip
import io
import json
import sys

import pytest

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.corpus.dates import DateReader
from saetui.errors import InputError

FRENCH = "Un r\u00e9sum\u00e9 d\u00e9j\u00e0 vu : \u201ccaf\u00e9\u201d"
RUSSIAN = (
    "\u0421\u044a\u0435\u0448\u044c \u0436\u0435 \u0435\u0449\u0451 "
    "\u044d\u0442\u0438\u0445 \u043c\u044f\u0433\u043a\u0438\u0445 "
    "\u0444\u0440\u0430\u043d\u0446\u0443\u0437\u0441\u043a\u0438\u0445 "
    "\u0431\u0443\u043b\u043e\u043a \u0434\u0430 \u0432\u044b\u043f\u0435\u0439 "
    "\u0447\u0430\u044e"
)
CHINESE = "\u6211\u4eec\u7814\u7a76\u4e86\u661f\u7cfb\u4e2d\u5fc3\u7684\u9ed1\u6d1e"


@pytest.mark.parametrize(
    ("encoding", "text", "guessed"),
    [
        ("cp1252", FRENCH, "cp1252"),
        ("cp1251", RUSSIAN, "cp1251"),
        ("gb18030", CHINESE * 3, "gb18030"),
        ("utf-16", FRENCH, "utf-16-le"),
        ("utf-16-le", FRENCH, "utf-16-le"),
        ("utf-16-be", FRENCH, "utf-16-be"),
        ("utf-32", FRENCH, "utf-32-le"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_other_encodings_are_guessed_and_said(tmp_path, encoding, text, guessed, zipped):
    data = "".join(f"{i},{text}\n" for i in range(200))
    data = ("id,text\n" + data).encode(encoding)
    path = tmp_path / "c.csv"
    path.write_bytes(gzip.compress(data) if zipped else data)
    corpus = open_corpus(path)
    assert [d.text for d in corpus] == [text] * 200
    assert corpus.report.summary() == (
        f"200 documents read. Read as {guessed}, a guess; --encoding names another."
    )
    named = open_corpus(path, CorpusOptions(encoding=encoding))
    assert [d.text for d in named] == [text] * 200
    assert named.report.summary() == "200 documents read."


def test_a_pipe_in_another_encoding(monkeypatch):
    data = io.BytesIO(f"id,text\na,{FRENCH}\n".encode("cp1252"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    assert [d.text for d in open_corpus("-")] == [FRENCH]


def test_each_text_of_a_folder_may_have_an_encoding_of_its_own(tmp_path):
    (tmp_path / "a.txt").write_bytes(FRENCH.encode("cp1252"))
    (tmp_path / "b.txt").write_bytes(FRENCH.encode())
    corpus = open_corpus(tmp_path)
    assert [d.text for d in corpus] == [FRENCH, FRENCH]
    assert "1 file read as cp1252, a guess" in corpus.report.summary()


def test_an_encoding_that_is_none():
    with pytest.raises(InputError, match="no encoding 'latin-99'"):
        CorpusOptions(encoding="latin-99")


def test_entities_are_decoded_once(tmp_path):
    path = tmp_path / "c.jsonl"
    fields = {
        "id": "a&amp;b",
        "title": "R&amp;D &quot;now&quot;",
        "text": "I&#039;m &lt;b&gt; &eacute; AT&T; x&lty &amp;lt; &#55296; &#0; &nosuch;",
        "authors": ["Andr&eacute;", 3],
    }
    path.write_text(json.dumps(fields))
    [document] = open_corpus(path)
    assert document == Document(
        "a&b",
        'R&D "now"',
        "I'm <b> \u00e9 AT&T; x&lty &lt; \ufffd \ufffd &nosuch;",
        metadata={"authors": ["Andr\u00e9", 3]},
    )


def test_a_column_without_a_name_is_the_id_and_a_review_the_text(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(",review,note\n7,good,x\n8,bad,y\n")
    assert list(open_corpus(path)) == [
        Document("7", "", "good", metadata={"note": "x"}),
        Document("8", "", "bad", metadata={"note": "y"}),
    ]
    # Where there is a text, a review is something else.
    path.write_text("id,text,review\n7,,good\n")
    with pytest.raises(InputError, match="holds no document"):
        list(open_corpus(path))


def lines(path, dates):
    rows = ({"id": str(i), "text": "x", "date": date} for i, date in enumerate(dates))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("dates", "asked", "read", "said"),
    [
        # The month first, where nothing tells.
        (["04/02/2007"], None, ["2007-04-02"], "1 date such as '04/02/2007' read as month"),
        (["04/02/2007"], "dmy", ["2007-02-04"], ""),
        # A later date tells.
        (["04/02/2007", "25/02/2007"], None, ["2007-02-04", "2007-02-25"], "as others must be"),
        (["04/02/2007", "02/25/2007"], None, ["2007-04-02", "2007-02-25"], "--dates dmy"),
        (["25/02/2007", "04/02/2007"], None, ["2007-02-25", "2007-02-04"], "--dates mdy"),
        (["25/02/2007", "04/02/2007"], "mdy", ["2007-02-25", "2007-04-02"], ""),
        # The same number twice is no question.
        (["04/04/2007"], None, ["2007-04-04"], ""),
        (["soon", "2007"], None, ["", "2007"], "1 date could not be read, such as 'soon'"),
        ([None, ""], None, ["", ""], ""),
    ],
)
def test_the_order_of_dates(tmp_path, dates, asked, read, said):
    corpus = open_corpus(lines(tmp_path / "c.jsonl", dates), CorpusOptions(dates=asked))
    for _ in range(2):
        assert [d.published for d in corpus] == read
        text = " ".join(corpus.report.remarks)
        assert said in text if said else not text


def test_fields_of_dates_beside_the_main_one_can_be_compared(tmp_path):
    path = tmp_path / "c.jsonl"
    fields = {
        "updated_at": "04/02/2007", "dateAccepted": "25/02/2007", "created": "2 Apr 2006",
        "Start date": "2007-04-02T10:00:00Z", "time": "12:30", "based_on": "04/02/2007",
        "submitted": "2007", "timestamp": "1175541522",
    }  # fmt: skip
    path.write_text(json.dumps({"id": "a", "text": "x", "date": "2008", **fields}))
    for asked, day in ((None, "2007-02-04"), ("mdy", "2007-04-02")):
        corpus = open_corpus(path, CorpusOptions(dates=asked))
        [document] = corpus
        assert document.metadata == fields | {
            "updated_at": day, "dateAccepted": "2007-02-25", "created": "2006-04-02",
        }  # fmt: skip
        said = "1 date such as '04/02/2007' read as day/month/year, as others must be"
        assert (said in " ".join(corpus.report.remarks)) is (asked is None)
    path.write_text(json.dumps({"text": "x", **fields}))
    assert [document.published for document in open_corpus(path)] == ["2006-04-02"]


def test_what_is_read_ahead_is_not_lost(tmp_path):
    dates = ["04/02/2007"] * 1_000 + ["13/02/2007"]
    corpus = open_corpus(lines(tmp_path / "c.jsonl", dates))
    assert [d.id for d in corpus] == [str(i) for i in range(1_001)]
    # A date that far away tells nothing any more.
    assert corpus.report.remarks[0].startswith("1,000 dates such as '04/02/2007' read as month")


def test_a_damaged_end_does_not_cost_what_was_read_ahead(tmp_path):
    path = lines(tmp_path / "c.jsonl", ["04/02/2007"] * 50)
    whole = gzip.compress(path.read_bytes())
    path.write_bytes(whole[:-12])
    corpus, read = iter(open_corpus(path)), 0
    with pytest.raises(InputError, match="cannot be read to its end"):
        for _ in corpus:
            read += 1
    assert read > 0


def test_orders_that_are_none():
    with pytest.raises(InputError, match="not an order of dates"):
        CorpusOptions(dates="ymd")  # type: ignore[arg-type]
    assert DateReader().order == "mdy"
