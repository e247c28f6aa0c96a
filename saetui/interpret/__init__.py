"""From codes to meaning: labels of features, and families of features."""
