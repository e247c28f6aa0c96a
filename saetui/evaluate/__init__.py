"""Measure what steering does and how well search finds, on a bundle of one's own."""
