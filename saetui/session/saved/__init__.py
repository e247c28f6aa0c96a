"""Searches and results as text and files: presets, bookmarks, exports, JSON, commands."""
