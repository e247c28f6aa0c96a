"""What every use of an OpenAI-compatible endpoint shares: address, key, and what failures mean."""
