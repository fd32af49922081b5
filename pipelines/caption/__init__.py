"""Stage 1: from a folder of clips to three captions each."""
