"""A corpus: which documents are wanted, these one at a time, and a report of what was left out."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from saetui.core.documents import Document
from saetui.corpus.dates import DateReader, Order, check_order
from saetui.corpus.fields import FIELD_NAMES, FieldNames, listed
from saetui.corpus.records import CorpusReport, Problem, Reader, Record, UnusableRecord, counted
from saetui.corpus.sources import READ_ERRORS, check_encoding, read_error_reason
from saetui.errors import InputError

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "arxiv", "folder")

_MOST_EXAMPLES = 8


@dataclass(frozen=True)
class CorpusOptions:
    """How to read a corpus, and which of its documents.

    Attributes:
        format: One of `FORMATS`, or None to detect it.
        columns: The corpus's name for some of our fields, e.g. `{"text": "body"}`; keys are id,
            title, text, url and published.
        categories: Keep documents whose field `categories` holds one of these; "cs" also means
            "cs.LG". Empty: keep all.
        strict: Stop at the first bad, empty or duplicate record instead of counting it.
        limit: Stop after this many documents; None: read all.
        dates: Order of dates such as 04/02/2007, "dmy" or "mdy"; None: as other dates show it, or
            the month first.
        encoding: Of the text, as Python names it; None: guess it.
        vectors: A field that holds each document's vector. It is kept, while other fields with
            vectors are left out of the metadata.

    Raises:
        InputError: An unknown format, column key, order of dates or encoding, or a limit below 1.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    strict: bool = False
    limit: int | None = None
    dates: Order | None = None
    encoding: str | None = None
    vectors: str = ""

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise InputError(
                f"'{self.format}' is not a corpus format.", f"Use one of: {', '.join(FORMATS)}."
            )
        for ours in self.columns:
            if ours not in FIELD_NAMES:
                raise InputError(
                    f"'{ours}' is not a field that a column can be mapped to.",
                    f"Use one of: {', '.join(FIELD_NAMES)}, as in --columns text=NAME.",
                )
        if self.dates is not None:
            check_order(self.dates)
        if self.encoding is not None:
            check_encoding(self.encoding)
        if self.limit is not None and self.limit < 1:
            raise InputError(f"A limit of {self.limit} documents leaves nothing to read.")


class CategoryFilter:
    """Chooses records by their field `categories`, a string or a list of strings.

    A string may hold several categories, separated by blanks (arXiv), commas or semicolons.
    "cs" stands for "cs" and everything below it ("cs.LG"); case does not matter.

    Attributes:
        examples: Some categories that were seen, for the message when none fits.
    """

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self._wanted = {name.strip().casefold() for name in wanted if name.strip()}
        self.examples: dict[str, None] = {}

    def accepts(self, fields: Mapping[str, object]) -> bool:
        """Tell whether the record has a category that was asked for; True when none was."""
        if not self._wanted:
            return True
        found = False
        for category in _categories(_field(fields)):
            if len(self.examples) < _MOST_EXAMPLES:
                self.examples[category] = None
            found = found or self._fits(category.casefold())
        return found

    def _fits(self, category: str) -> bool:
        return category in self._wanted or any(
            category.startswith(f"{name}.") for name in self._wanted
        )


def _field(fields: Mapping[str, object]) -> object:
    if "categories" in fields:
        return fields["categories"]
    return next((v for name, v in fields.items() if name.strip().casefold() == "categories"), None)


def _categories(value: object) -> Iterator[str]:
    """Yield each name and each of its words: "Machine Learning" is one category, "cs.LG cs.AI" two.

    Nothing tells these apart, so a name of several words counts both ways.
    """
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str):
            continue
        for piece in re.split(r"[,;|]", item):
            name = piece.strip()
            if name:
                yield name
            words = name.split()
            if len(words) > 1:
                yield from words


# So many records are looked at for a date that tells the order of day and month.
_READ_AHEAD = 300


class Corpus:
    """The documents of a source, read while iterating.

    Memory holds one record, the ids and the first problems. A file or a folder can be iterated any
    number of times, each time with a new report; a pipe only once.

    `report` is that of the latest iteration, and complete when that has ended.

    Args:
        name: What to call the source in messages.
        corpus_format: The format that was detected.
        reader: Yields its records.
        make_document: Turns a record into a document, given the reader's unit; raises
            `UnusableRecord`.
        options: Which documents are wanted.
        names: Finds the dates of records; None where their order needs no finding.
        dates: Reads them.
        remarks: Called at the end for what the report should say besides.
    """

    def __init__(
        self,
        name: str,
        corpus_format: str,
        reader: Reader,
        make_document: Callable[[Record, str], Document],
        options: CorpusOptions,
        *,
        names: FieldNames | None = None,
        dates: DateReader | None = None,
        remarks: Callable[[], list[str]] = list,
    ) -> None:
        self.name = name
        self.format = corpus_format
        self.report = CorpusReport(unit=reader.unit)
        self._reader = reader
        self._make_document = make_document
        self._options = options
        self._names = names
        self._dates = dates or DateReader()
        self._remarks = remarks

    def __iter__(self) -> Iterator[Document]:
        """Yield each document once, in the source's order.

        Raises:
            InputError: The source is damaged after its beginning, holds no document, or (with
                `strict`) has a bad, empty or duplicate record.
        """
        report = self.report = CorpusReport(unit=self._reader.unit)
        categories = CategoryFilter(self._options.categories)
        self._dates.begin()
        # Only this generator uses the connection, whichever threads take turns to advance it.
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as ids:
            ids.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")
            for record in self._with_known_dates(self._records(report)):
                if isinstance(record, Problem):
                    outcome: Document | Problem | None = record
                else:
                    outcome = self._outcome(record, categories, ids)
                if outcome is None:
                    report.filtered += 1
                elif isinstance(outcome, Problem):
                    report.add(outcome)
                    self._stop_if_strict(report, outcome)
                else:
                    report.documents += 1
                    yield outcome
                    if report.documents == self._options.limit:
                        report.limited = True
                        break
        report.remarks = [*self._remarks(), *self._dates.remarks()]
        if not report.documents:
            raise self._nothing_found(report, categories)

    def _records(self, report: CorpusReport) -> Iterator[Record | Problem]:
        try:
            yield from self._reader
        except READ_ERRORS as error:
            read = counted(report.documents, "document", "documents")
            raise InputError(
                f"{self.name} cannot be read to its end: {read_error_reason(error)}. "
                f"It broke off after {read}.",
                "Download or write it again: part of a corpus would give wrong results.",
            ) from error

    def _with_known_dates(self, records: Iterator[Record | Problem]) -> Iterator[Record | Problem]:
        """The same records, read ahead where the order of day and month has yet to be found."""
        for record in records:
            if not self._leaves_unsure(record):
                yield record
                continue
            ahead, failure = [record], None
            try:
                for _, later in zip(range(_READ_AHEAD), records, strict=False):
                    ahead.append(later)
                    if any(map(self._dates.learn, self._dates_of(later))):
                        break
            except InputError as error:
                failure = error
            yield from ahead
            # Of what was read ahead nothing was certain: neither will the rest be looked at.
            if failure is not None:
                raise failure
            yield from records

    def _leaves_unsure(self, record: Record | Problem) -> bool:
        values = self._dates_of(record)
        # What is certain counts first, in the same record and in those before.
        learnt = [self._dates.learn(value) for value in values]
        return not any(learnt) and any(map(self._dates.is_unsure, values))

    def _dates_of(self, record: Record | Problem) -> list[object]:
        if self._names is None or isinstance(record, Problem):
            return []
        return self._names.dates_of(record.fields)

    def _outcome(
        self, record: Record, categories: CategoryFilter, ids: sqlite3.Connection
    ) -> Document | Problem | None:
        """Turn a record into a document; None when its categories were not asked for."""
        if not categories.accepts(record.fields):
            return None
        try:
            document = self._make_document(record, self._reader.unit)
        except UnusableRecord as error:
            return Problem(record.line, error.kind, error.reason)
        added = ids.execute("INSERT OR IGNORE INTO seen VALUES (?)", (document.id,)).rowcount
        if not added:
            return Problem(record.line, "duplicate", f"repeats the id {listed([document.id])}")
        return document

    def _stop_if_strict(self, report: CorpusReport, problem: Problem) -> None:
        if self._options.strict and problem.kind != "skipped":
            raise InputError(
                f"{self.name}, {report.place(problem)} {problem.reason}.",
                "Correct it, or leave out --strict to count such records and go on.",
            )

    def _nothing_found(self, report: CorpusReport, categories: CategoryFilter) -> InputError:
        if report.filtered and not report.problems:
            wanted = ", ".join(self._options.categories)
            records = counted(report.filtered, "record", "records")
            hint = "The records have no field 'categories'."
            if categories.examples:
                hint = f"It has, among others: {', '.join(categories.examples)}."
            return InputError(f"{self.name} has no document in {wanted} among {records}.", hint)
        hint = ""
        if report.empty and self.format != "folder":
            hint = "If another field holds the text, name it: --columns text=NAME."
        return InputError(f"{self.name} holds no document. {report.summary()}", hint)
