"""Property tests draw the same examples in every run, however busy the machine."""

from hypothesis import settings

settings.register_profile("steady", max_examples=50, derandomize=True, deadline=None, database=None)
settings.load_profile("steady")
