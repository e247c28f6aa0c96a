"""Read and write what other tools understand."""
