"""From a corpus to a bundle: the order of the steps, what is skipped, where to go on."""
