"""`captionmill evaluate`: how well embeddings find what belongs together."""
