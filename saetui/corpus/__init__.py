"""From files to documents: readers that stream, and that report every record they leave out.

`open_corpus` looks at the first bytes of a file, a folder or standard input, chooses a reader by
them, and returns a `Corpus`: an iterable of `Document` with a `CorpusReport` of what was left out
and why.
"""

from saetui.corpus.corpus import FORMATS, Corpus, CorpusOptions
from saetui.corpus.opening import open_corpus
from saetui.corpus.records import CorpusReport, Problem

__all__ = [
    "FORMATS",
    "Corpus",
    "CorpusOptions",
    "CorpusReport",
    "Problem",
    "open_corpus",
]
