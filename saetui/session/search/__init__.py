"""Search: from a request to ranked, compared and explained documents."""
