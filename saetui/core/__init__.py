"""Plain values and mathematics in numpy; no files, no torch, no terminal."""
