import json

import pytest

from saetui.corpus import FORMATS, CorpusOptions, CorpusReport, Problem
from saetui.corpus.dates import read_date
from saetui.corpus.fields import FieldNames, listed, unique_names
from saetui.corpus.records import MOST_PROBLEMS
from saetui.errors import InputError


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("2019", "2019"),
        (2019, "2019"),
        (2019.0, "2019"),
        ("2019-3", "2019-03"),
        ("2019-03-14 10:20", "2019-03-14"),
        ("2019/03/14", "2019-03-14"),
        ("2020-02-29", "2020-02-29"),
        ("2019-02-29", ""),
        ("2019-13", ""),
        ("2019-03-14x", ""),
        ("March 2019", "2019-03"),
        ("Mon, 2 Apr 2007 19:18:42 GMT", "2007-04-02"),
        ("04/02/2007", "2007-04-02"),
        ("13/02/2007", "2007-02-13"),
        ("30.5.2011", "2011-05-30"),
        ("04-02-07", "2007-04-02"),
        ("2 April 2007", "2007-04-02"),
        ("May 30, 2011", "2011-05-30"),
        ("20070402", "2007-04-02"),
        (20070402, "2007-04-02"),
        ("1175541522", "2007-04-02"),
        (1175541522000, "2007-04-02"),
        ("2007-04-02T19:18:42Z", "2007-04-02"),
        ("2011\u5e745\u670830\u65e5", "2011-05-30"),
        ("99/99/2007", ""),
        ("31 Feb 2019", ""),
        ("12:30", ""),
        ("Monday", ""),
        ("soon", ""),
        ("in 2007 there were", ""),
        ("", ""),
        (None, ""),
        (True, ""),
        (2019.5, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (1552521600, "2019-03-14"),
        ("0000", ""),
        (["2019"], ""),
        # The same in Arabic digits and in wide ones.
        ("\u0662\u0660\u0661\u0669", "2019"),
        ("\uff12\uff10\uff11\uff19-\uff10\uff13", "2019-03"),
        ("2 avril 2007", "2007-04-02"),
        ("1er f\u00e9vrier 2007", "2007-02-01"),
        ("2. M\u00e4rz 2007", "2007-03-02"),
        ("lunes, 2 de abril de 2007", "2007-04-02"),
        ("2 \u0430\u043f\u0440\u0435\u043b\u044f 2007 \u0433.", "2007-04-02"),
        ("\u5e73\u621019\u5e744\u67082\u65e5", "2007-04-02"),
        ("04/2007", "2007-04"),
        ("2007.04.02", "2007-04-02"),
        ("200704", "2007-04"),
        ("20070402T191842Z", "2007-04-02"),
        ("20070402191842", "2007-04-02"),
        ("2007-04-00", "2007-04"),
        ("2007-00-00", "2007"),
        ("0000-00-00", ""),
        ("2007-W14", "2007-04"),
        ("Q2 2007", "2007"),
        ("30-May-11", "2011-05-30"),
        ("May-11", ""),
        ("Apr 2, '07", "2007-04-02"),
        ("c. 1900", "1900"),
        ("Spring 2007", "2007"),
        ("2007-2008", ""),
        (1175541522.5, "2007-04-02"),
        (1175541522000000, "2007-04-02"),
        ([2007, 4, 2], "2007-04-02"),
        ([12, 4, 2007], ""),
        ({"date-parts": [[2007, 4]]}, "2007-04"),
        ({"$date": "2007-04-02T10:00:00Z"}, "2007-04-02"),
        ({"year": 2007, "month": 4, "day": None}, "2007-04"),
        ({"year": None}, ""),
    ],
)
def test_dates(value, date):
    assert read_date(value) == date


def test_the_report_keeps_the_first_problems_and_counts_all():
    report = CorpusReport(documents=1_234)
    for line in range(1, 51):
        report.add(Problem(line, "bad", "is odd"))
    report.add(Problem(51, "duplicate", "repeats the id a"))
    report.filtered = 2
    assert report.bad == 50
    assert [problem.line for problem in report.problems] == list(range(1, MOST_PROBLEMS + 1))
    assert report.summary() == (
        "1,234 documents read; left out: 50 unreadable lines, 1 duplicate, "
        "2 outside the categories. The first problem: line 1 is odd."
    )
    as_json = json.loads(json.dumps(report.as_dict()))
    assert as_json["documents"] == 1_234
    assert as_json["duplicates"] == 1
    assert as_json["problems"][0] == {"line": 1, "kind": "bad", "reason": "is odd"}


def test_a_clean_report_is_one_short_sentence():
    assert CorpusReport(documents=1).summary() == "1 document read."


@pytest.mark.parametrize(
    "options", [{"format": "xml"}, {"columns": {"body": "x"}}, {"limit": 0}, {"limit": -1}]
)
def test_options_that_make_no_sense(options):
    with pytest.raises(InputError):
        CorpusOptions(**options)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_asked_for(name):
    assert CorpusOptions(format=name).format == name


def test_names_are_found_exactly_before_they_are_found_in_any_case():
    found = FieldNames({}).find(("TEXT", "text", "Id"))
    assert found["text"] == ("text",)
    assert found["id"] == ("Id",)
    assert FieldNames({"id": "KEY"}).find(("key", "id"))["id"] == ("key",)
    assert FieldNames({"id": "gone"}).find(("id", "text"))["id"] == ()


def test_listed_cuts_what_is_long():
    assert listed([]) == "none"
    assert listed(["a", "b c"]) == "a, 'b c'"
    assert listed(["x" * 100]) == "'" + "x" * 40 + "...'"
    assert listed([str(n) for n in range(100)]).endswith("'19', ...")


def test_unique_names():
    assert unique_names(["a", " a ", "", "a (2)", "a"]) == (
        "a",
        "a (2)",
        "column 3",
        "a (2) (2)",
        "a (3)",
    )
