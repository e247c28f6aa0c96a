"""A corpus: documents one at a time, and an account of what was left out."""

from collections.abc import Callable, Iterator

from saetui.core.documents import Document
from saetui.corpus.categories import CategoryFilter
from saetui.corpus.fields import listed
from saetui.corpus.options import CorpusOptions
from saetui.corpus.records import Reader, Record, UnusableRecord
from saetui.corpus.report import CorpusReport, Problem, counted
from saetui.corpus.seen_ids import SeenIds
from saetui.corpus.sources import READ_ERRORS, read_error_reason
from saetui.errors import InputError


class Corpus:
    """The documents of a source, read as one iterates.

    Only one record, the hashes of the ids and the first problems are in memory. A file or a folder
    can be iterated again and again, each time with a new report; a pipe only once.

    Args:
        name: What to call the source in messages.
        corpus_format: What it was found to be.
        reader: Gives its records.
        make_document: Makes a document of a record, given the reader's unit; raises
            `UnusableRecord`.
        options: Which documents are wanted.

    Attributes:
        name: What the source is called in messages.
        format: What it was found to be: one of `saetui.corpus.FORMATS`.
        report: The account of the latest iteration; complete when that has ended.
    """

    def __init__(
        self,
        name: str,
        corpus_format: str,
        reader: Reader,
        make_document: Callable[[Record, str], Document],
        options: CorpusOptions,
    ) -> None:
        self.name = name
        self.format = corpus_format
        self.report = CorpusReport(unit=reader.unit)
        self._reader = reader
        self._make_document = make_document
        self._options = options

    def __iter__(self) -> Iterator[Document]:
        """Give each document once, in the source's order.

        Raises:
            InputError: The source is damaged further on, holds no document at all, or (with
                `strict`) has a bad, empty or duplicate record.
        """
        report = self.report = CorpusReport(unit=self._reader.unit)
        chosen = CategoryFilter(self._options.categories)
        seen = SeenIds()
        for record in self._records(report):
            outcome = record if isinstance(record, Problem) else self._judge(record, chosen, seen)
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
                    return
        if not report.documents:
            raise self._nothing_found(report, chosen)

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

    def _judge(
        self, record: Record, chosen: CategoryFilter, seen: SeenIds
    ) -> Document | Problem | None:
        """Make a document of a record; None when its categories were not asked for."""
        if not chosen.accepts(record.fields):
            return None
        try:
            document = self._make_document(record, self._reader.unit)
        except UnusableRecord as error:
            return Problem(record.line, error.kind, error.reason)
        if not seen.add(document.id):
            return Problem(record.line, "duplicate", f"repeats the id {listed([document.id])}")
        return document

    def _stop_if_strict(self, report: CorpusReport, problem: Problem) -> None:
        if self._options.strict and problem.kind != "skipped":
            raise InputError(
                f"{self.name}, {report.place(problem)} {problem.reason}.",
                "Correct it, or leave out --strict to count such records and go on.",
            )

    def _nothing_found(self, report: CorpusReport, chosen: CategoryFilter) -> InputError:
        if report.filtered and not report.problems:
            wanted = ", ".join(self._options.categories)
            records = counted(report.filtered, "record", "records")
            hint = "The records have no field 'categories'."
            if chosen.examples:
                hint = f"It has, among others: {', '.join(chosen.examples)}."
            return InputError(f"{self.name} has no document in {wanted} among {records}.", hint)
        hint = ""
        if report.empty and self.format != "folder":
            hint = "If another field holds the text, say which: --columns text=NAME."
        return InputError(f"{self.name} holds no document. {report.summary()}", hint)
