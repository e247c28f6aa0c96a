"""How far a label can be trusted: judges, the documents they are asked about, scores."""
