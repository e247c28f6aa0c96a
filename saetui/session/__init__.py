"""An open bundle and what can be asked of it: the library of the app and the command line."""
