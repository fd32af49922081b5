"""Releases: what captions of workspaces become when they are filtered, balanced, split and published."""
