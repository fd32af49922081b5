"""`captionmill embed`: vectors of what a workspace captioned."""
