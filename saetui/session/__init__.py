"""An open bundle and an embedder: what the terminal app and the command line both call."""
