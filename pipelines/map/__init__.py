"""`captionmill map`: clips by what they sound and look like, as a folder for a static web server."""
