"""Names for features from a vocabulary of one's field."""
