"""How raw scores become confidences."""
