"""`captionmill rebuild`: from captioned workspaces and a file of rules to a release."""
