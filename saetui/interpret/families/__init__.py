"""Feature families: which features belong together, and how good a family is."""
