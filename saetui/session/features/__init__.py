"""Features of an open bundle: find, filter, sort and compare them."""
