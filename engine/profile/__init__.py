"""Profiles: TOML files that say what a run uses."""
