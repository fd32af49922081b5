"""What captionmill keeps: identities, Arrow schemas, shard files, commit records, ingest, verify.

Nothing here runs a model, starts a process or talks to Ray.
"""
