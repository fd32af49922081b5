"""Opens, probes and decodes media, in processes that may crash."""
