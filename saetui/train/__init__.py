"""Training sparse autoencoders; torch lives here and is loaded by the modules that need it."""
