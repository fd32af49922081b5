"""`captionmill inspect`: a local web app to look at captions beside their clips, and to review them."""
