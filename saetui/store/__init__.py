"""The bundle on disk: arrays, documents, index, labels, and what proves them whole."""
