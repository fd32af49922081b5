"""Runs the work: decoding, actor pools, shard workers, journal, lease, the vLLM service."""
