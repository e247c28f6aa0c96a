"""What a reader keeps: presets, bookmarks, exports."""
