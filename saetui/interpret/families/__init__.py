"""Find, name and score feature families."""
