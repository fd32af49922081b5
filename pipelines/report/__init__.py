"""`captionmill report`: what a caption set is worth, in figures, examples and one page."""
