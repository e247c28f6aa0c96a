"""The terminal app."""

import os

# Textual collects changes for up to a frame before it draws. At its own 60 frames a second that
# wait is longer than the search, and a key whose answer comes a moment after its echo waits twice.
# Drawing more often costs only what has changed.
os.environ.setdefault("TEXTUAL_FPS", "240")

# The computations between a key and its frame are small. Several threads are no faster at them, and
# beside other work a hundred times slower, since the threads wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
