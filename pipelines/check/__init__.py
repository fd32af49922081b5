"""Captions of any pipeline held against evidence, without media and without a run."""
