"""The terminal app."""

import os

# Textual collects changes for up to a frame before it draws. At its own 60 frames a second that
# wait is longer than the search; drawing more often costs only what has changed.
os.environ.setdefault("TEXTUAL_FPS", "120")
