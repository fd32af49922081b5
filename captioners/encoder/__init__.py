"""PE-AV: towers for sound, picture and both, heads for text, and the losses that train them."""
