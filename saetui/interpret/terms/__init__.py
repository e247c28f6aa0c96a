"""Name features offline: the terms of a corpus, and which of them fits a feature."""
