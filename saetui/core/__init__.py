"""The mathematics: numpy in, numpy out; no files, no torch, no terminal."""
