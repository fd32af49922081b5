"""Weak captioners, one file per model family behind `captioners.contract`; confidences; model packs."""
