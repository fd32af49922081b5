"""Readers of captioned sets, in the forms in which people have them."""
