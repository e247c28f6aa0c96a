"""What a user may say about a corpus."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from saetui.corpus.fields import FIELD_NAMES
from saetui.errors import InputError

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "arxiv", "folder")


@dataclass(frozen=True)
class CorpusOptions:
    """How to read a corpus, and which of its documents.

    Attributes:
        format: One of `FORMATS`, or None to look at the content.
        columns: Our field to the corpus's, e.g. `{"text": "body"}`; keys are id, title, text, url
            and published.
        categories: Keep documents whose field `categories` holds one of these; "cs" also means
            "cs.LG". Empty: keep all.
        strict: Stop at the first bad, empty or duplicate record instead of counting it.
        limit: Stop after this many documents; None: read all.

    Raises:
        InputError: An unknown format or column key, or a limit below 1.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    strict: bool = False
    limit: int | None = None

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
        if self.limit is not None and self.limit < 1:
            raise InputError(f"A limit of {self.limit} documents leaves nothing to read.")
