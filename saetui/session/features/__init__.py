"""The features of an SAE: find, filter and sort them, with the reader's labels and notes."""
