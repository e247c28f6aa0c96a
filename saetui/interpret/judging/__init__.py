"""Score labels: judges, the documents they are asked about, and how often they are right."""
