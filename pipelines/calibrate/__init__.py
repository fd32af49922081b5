"""Fits confidences to media of known content."""
