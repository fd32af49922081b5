"""A release: which caption rows are in it and why, its files, and what they are checked against. Pure."""
