"""What sentences mean: their words, who does what, and where a caption contradicts its evidence."""
