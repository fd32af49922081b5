"""Runs stages on Ray: media, model servers, profiles, shard workers, the driver."""
