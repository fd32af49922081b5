"""`captionmill plan`: a sample is captioned, and what all of it will take is told from that."""
