"""Questions about a whole corpus: what sets groups apart, goes with a number, or changes."""
