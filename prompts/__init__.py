"""From evidence to a prompt and from a reply to captions: templates, schema, lints, grounding.

Pure functions: no network, no files but the package's own templates.
"""
