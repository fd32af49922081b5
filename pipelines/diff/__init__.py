"""What changed from one release to another."""
