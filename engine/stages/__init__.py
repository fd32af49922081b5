"""What a stage is, and how its shards are worked."""
