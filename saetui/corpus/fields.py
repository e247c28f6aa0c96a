"""Turn a record, whatever its fields are called, into a document."""

import html
import re
from collections.abc import Iterable, Mapping, Sized
from functools import lru_cache

from saetui.core.documents import Document
from saetui.corpus.dates import DateReader
from saetui.corpus.json_records import kind_of
from saetui.corpus.records import Record, UnusableRecord
from saetui.errors import InputError

FIELD_NAMES: Mapping[str, tuple[str, ...]] = {
    # The last ones are what pandas makes of an index, and a column without a name.
    "id": ("id", "_id", "doc_id", "docid", "__index_level_0__", "unnamed: 0", "column 1"),
    "title": ("title", "headline", "subject"),
    "text": ("text", "abstract", "body", "contents", "content"),
    "url": ("url", "link"),
    "published": (
        *("published", "date", "year", "update_date", "publication_date", "pub_date", "pubdate"),
        *("published_at", "publishedat", "datepublished", "issued", "created_at", "createdat"),
        *("created", "datetime", "timestamp"),
    ),
}
"""Our fields, and what corpora call them; the first one that is not blank is used."""

# What a corpus without any of these may call its text.
_OTHER_TEXTS = (
    *("review", "description", "passage", "paragraph", "message", "comment", "document"),
    *("summary", "sentence", "article", "full_text", "fulltext", "review_text", "selftext"),
    "answer",
)

SHORTEST_VECTOR = 16
_MOST_COLUMNS_SHOWN = 20
_LONGEST_COLUMN_SHOWN = 40

# Names of fields whose values are dates: updated_at, dateModified, Start date.
_DATED = re.compile(
    r"(?i:(?:^|[\W_])(?:date|time|timestamp|at|created|updated|modified|posted|submitted|"
    r"accepted|received|published|issued)$|^(?:date|time)[\W_])|(?:[a-z](?:Date|Time|At)$|^date[A-Z])"
)
# Without the semicolon, which browsers forgive, "AT&T" and "x&lt y" would be entities, too.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")


class FieldNames:
    """Finds our fields among those of a corpus.

    A field that the user mapped is read from that column only, and no other field is read from
    it. The others go by `FIELD_NAMES`. A name that fits exactly wins over one in another case.

    Args:
        columns: The corpus's name for some of our fields.
        dates: Reads dates, and counts those that it cannot read.
        vectors: A field that holds each document's vector and is kept; others are left out.
    """

    def __init__(
        self, columns: Mapping[str, str], dates: DateReader | None = None, vectors: str = ""
    ) -> None:
        self._columns = dict(columns)
        self._dates = dates or DateReader()
        self._vectors = vectors
        # Fields that are left out, with the length of the first vector in each.
        self._left_out: dict[str, int] = {}
        # Even a corpus of a million records has few different sets of field names.
        self.find = lru_cache(maxsize=256)(self._find)

    def _find(self, present: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Return for each of our fields the names in `present` that may hold it, best first."""
        folded: dict[str, str] = {}
        for name in present:
            folded.setdefault(name.strip().casefold(), name)
        mapped = {
            ours: theirs if theirs in present else folded.get(theirs.strip().casefold(), "")
            for ours, theirs in self._columns.items()
        }
        taken = set(mapped.values())
        found: dict[str, tuple[str, ...]] = {}
        for ours, candidates in FIELD_NAMES.items():
            if ours in mapped:
                found[ours] = (mapped[ours],) if mapped[ours] in present else ()
                continue
            names = (name if name in present else folded.get(name, "") for name in candidates)
            found[ours] = tuple(name for name in names if name in present and name not in taken)
        if not found["text"] and "text" not in mapped:
            others = (folded.get(name, "") for name in _OTHER_TEXTS)
            found["text"] = tuple(name for name in others if name and name not in taken)[:1]
        return found

    def dates_of(self, fields: Mapping[str, object]) -> list[object]:
        """What a record has in its fields for dates."""
        own = self.find(tuple(fields))["published"]
        others = (name for name in fields if name not in own and _DATED.search(name))
        return [fields[name] for name in (*own, *others)]

    def has_text(self, present: Iterable[str]) -> bool:
        """Tell whether one of the names can hold the text."""
        return bool(self.find(tuple(present))["text"])

    def require(self, source: str, present: Iterable[str], ours: Iterable[str]) -> None:
        """Make sure that the text and the mapped fields among `ours` are there.

        Raises:
            InputError: One is missing; it lists the columns, and names the option to use.
        """
        names = tuple(present)
        found = self.find(names)
        for field in ours:
            if found[field] or (field != "text" and field not in self._columns):
                continue
            wanted = self._columns.get(field)
            missing = f"column '{wanted}'" if wanted else "text column"
            raise InputError(
                f"{source} has no {missing}. Its columns are: {listed(names)}.",
                f"Say which one holds the {field} with --columns {field}=NAME.",
            )

    def document(self, record: Record, unit: str) -> Document:
        """Make a document; fields that are neither used nor blank become its metadata.

        Without an id the document is named after its place, e.g. "line-12".

        Raises:
            UnusableRecord: It has no text, or a field holds something that is not text.
        """
        fields = {name: _without_entities(value) for name, value in record.fields.items()}
        found = self.find(tuple(fields))
        used: set[str] = set()

        def first_filled(ours: str) -> str:
            for name in found[ours]:
                value = _text(name, fields[name])
                if value and not value.isspace():
                    used.add(name)
                    return value
            return ""

        identifier = first_filled("id") or record.id or f"{unit}-{record.line}"
        title = first_filled("title")
        text = first_filled("text")
        if not text:
            raise UnusableRecord("empty", self._why_empty(fields, title))
        url = ""
        for name in found["url"]:
            value = fields[name]
            if isinstance(value, str) and value.strip():
                url = value.strip()
                used.add(name)
                break
        place, published = self._dates.read(fields[name] for name in found["published"])
        if published:
            used.add(found["published"][place])
        metadata = {
            name: self._dates.plain(value) if _DATED.search(name) else value
            for name, value in fields.items()
            if name not in used and self._is_metadata(name, value)
        }
        return Document(identifier, title, text, url, published, metadata)

    def _is_metadata(self, name: str, value: object) -> bool:
        if name == self._vectors:
            return True
        width = _width(value)
        if width:
            self._left_out.setdefault(name, width)
        return not width and value is not None and not (isinstance(value, str) and value == "")

    def remarks(self) -> list[str]:
        """Which fields were left out because they hold vectors, a sentence each."""
        return [
            f"The field '{name}' holds vectors of {width:,} numbers and was left out; "
            f"--embedder precomputed:column:{name} uses them."
            for name, width in self._left_out.items()
        ]

    def _why_empty(self, fields: Mapping[str, object], title: str) -> str:
        if self.has_text(fields):
            return "has a title but no text" if title else "has no text"
        mapped = self._columns.get("text")
        wanted = f"no field '{mapped}'" if mapped else f"none of {listed(FIELD_NAMES['text'])}"
        return f"has {wanted}; its fields are: {listed(fields)}"


def _text(name: str, value: object) -> str:
    """Return a field's value as text; numbers are written out, lists of texts joined by lines."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    reason = f"holds {kind_of(value)} in its field '{name}', where a text should be"
    raise UnusableRecord("bad", reason)


def _width(value: object) -> int:
    """The length of a vector; 0 of what is none."""
    # A library's array, or a list of so many numbers that nobody would filter by one of them.
    if hasattr(value, "shape"):
        return len(value) if isinstance(value, Sized) else 0
    if not isinstance(value, list) or len(value) < SHORTEST_VECTOR:
        return 0
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in value)
    return len(value) if numbers else 0


def listed(names: Iterable[str]) -> str:
    """Write names in a row, quoted where they need it; only the first of many."""
    shown: list[str] = []
    for name in names:
        if len(shown) == _MOST_COLUMNS_SHOWN:
            shown.append("...")
            break
        cut = name if len(name) <= _LONGEST_COLUMN_SHOWN else name[:_LONGEST_COLUMN_SHOWN] + "..."
        shown.append(cut if cut.isidentifier() else repr(cut))
    return ", ".join(shown) or "none"


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Give a table's columns different names: blank ones by place, repeated ones by count."""
    unique: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        base = name.strip() or f"column {place}"
        candidate, count = base, 1
        while candidate in unique:
            count += 1
            candidate = f"{base} ({count})"
        unique[candidate] = None
    return tuple(unique)


def _without_entities(value: object) -> object:
    """A text with HTML entities, such as `&amp;`, replaced once; other values as they are."""
    if isinstance(value, str):
        return _decoded(value) if "&" in value else value
    if isinstance(value, list):
        return [_decoded(each) if isinstance(each, str) else each for each in value]
    return value


def _decoded(text: str) -> str:
    return _ENTITY.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    meant = html.unescape(found[0])
    # Half of a surrogate pair is no text, and control characters are none either.
    return meant if meant.isprintable() or meant in "\t\n\xa0" else found[0]
