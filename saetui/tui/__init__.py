"""The terminal app."""

import os

# Textual collects changes for up to a frame before it draws. At its own 60 frames a second that
# wait is longer than the search, and a key whose answer comes a moment after its echo waits twice.
# Drawing more often costs only what has changed.
os.environ.setdefault("TEXTUAL_FPS", "240")

# What is computed between a key and its frame is small. Divided among threads it takes as long, and
# beside other work a hundred times as long, since they wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
