"""Find the terms of a corpus and choose the one that names a feature, offline."""
