"""A folder of text files, one document a file."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from saetui.corpus.json_records import not_utf8_reason
from saetui.corpus.records import LONGEST_RECORD, Problem, Record, counted
from saetui.corpus.sources import READ_ERRORS, decoded, encoding_of, opened_file, read_error_reason
from saetui.errors import InputError

TEXT_SUFFIXES = (".txt", ".md", ".rst")
_CORPUS_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
# Beginnings of the names of files that describe a data set beside them.
_ABOUT = ("readme", "license", "licence", "changelog", "dataset_card")

_LONGEST_TITLE = 120


class TextFolder:
    """Reads `*.txt`, `*.md` and `*.rst`, gzipped or not, in all folders below, sorted by path.

    The id is the path in the folder. The title is the first line if that looks like one (a
    Markdown heading, or a short line with a blank line or an underline below), else the file's
    name. Hidden files and folders, and links to folders, are ignored.

    Args:
        path: Of the folder.
        encoding: Of all texts; empty for UTF-8, None to guess it for each that is not UTF-8.
    """

    unit = "file"

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path = path
        self._encoding = encoding
        self._guessed: Counter[str] = Counter()

    def remarks(self) -> list[str]:
        """Which files are not in UTF-8, a sentence for each encoding."""
        return [
            f"{counted(count, 'file', 'files')} read as {name}, a guess; --encoding names another."
            for name, count in self._guessed.items()
        ]

    def __iter__(self) -> Iterator[Record | Problem]:
        self._guessed.clear()
        for path in _visible_files(self._path):
            identifier = path.relative_to(self._path).as_posix()
            shown = identifier.encode(errors="backslashreplace").decode()
            if shown != identifier:
                yield Problem(shown, "bad", "has a name that is not UTF-8")
                continue
            if _suffix(path) not in TEXT_SUFFIXES:
                yield Problem(identifier, "skipped", "is not text")
                continue
            text, reason = self._read_text(path)
            if reason:
                yield Problem(identifier, "bad", reason)
                continue
            title, body = split_title(text)
            fields: dict[str, object] = {"title": title or _stem(path), "text": body}
            yield Record(identifier, fields, id=identifier)

    def _read_text(self, path: Path) -> tuple[str, str]:
        """Return a file's text and "", or "" and the reason why it has none."""
        if not path.is_file():
            return "", "is not a file that can be read"
        try:
            with opened_file(path) as stream:
                data = stream.read(LONGEST_RECORD + 1)
        except READ_ERRORS as error:
            return "", f"cannot be read: {read_error_reason(error)}"
        if len(data) > LONGEST_RECORD:
            return "", f"is longer than {LONGEST_RECORD >> 20} MiB"
        encoding = encoding_of(data) if self._encoding is None else self._encoding
        data = decoded(data, encoding)
        if b"\0" in data:
            return "", "holds NUL bytes, so it is not text"
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            return "", not_utf8_reason(error)
        if encoding and self._encoding is None:
            self._guessed[encoding] += 1
        return text, ""


def choose_in_folder(folder: Path) -> Path | None:
    """Return the one corpus file that a folder holds, or None where its texts are the corpus.

    A README beside a corpus file does not count as a text.

    Raises:
        InputError: It holds neither, or several corpus files.
    """
    corpora: list[Path] = []
    about = False
    for path in _visible_files(folder):
        if _suffix(path) in _CORPUS_SUFFIXES:
            corpora.append(path)
        elif _suffix(path) in TEXT_SUFFIXES:
            if not _stem(path).casefold().startswith(_ABOUT):
                return None
            about = True
    if len(corpora) == 1:
        return corpora[0]
    if corpora:
        names = ", ".join(str(path.relative_to(folder)) for path in corpora[:5])
        raise InputError(
            f"{folder} holds {len(corpora)} files that may be a corpus ({names}"
            f"{', ...' if len(corpora) > 5 else ''}).",
            "Give one of them, or join those of one format: cat part-*.jsonl | saetui build -",
        )
    if about:
        return None
    raise InputError(
        f"{folder} holds no texts ({', '.join(TEXT_SUFFIXES)}) and no corpus file.",
        "Give a folder of text files, or a file of documents.",
    )


def split_title(text: str) -> tuple[str, str]:
    """Separate a title from the text below it; the title is empty where the text has none."""
    first, _, rest = text.lstrip("\n").partition("\n")
    below, _, after = rest.partition("\n")
    title = first.lstrip("#").strip() if first.startswith("#") else first.strip()
    underlined = len(below.strip()) > 2 and set(below.strip()) <= set("=-~^*")
    apart = first.startswith("#") or underlined or not below.strip()
    body = (after if underlined else rest).strip("\n")
    if not apart or not body.strip() or len(title) > _LONGEST_TITLE:
        return "", text
    if not any(character.isalnum() for character in title):
        return "", text
    return title, body


def _visible_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _visible_files(path)
        else:
            yield path


def _suffix(path: Path) -> str:
    """Return the suffix that tells the kind: ".txt" for "notes.txt.gz"."""
    name = path.with_suffix("") if path.suffix == ".gz" else path
    return name.suffix.casefold()


def _stem(path: Path) -> str:
    return path.with_suffix("").stem if path.suffix == ".gz" else path.stem
