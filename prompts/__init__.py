"""From evidence to a prompt and from a reply to captions: templates, schema, lints, grounding.

Pure functions: no network, no files but the package's own templates.
"""

VERSION = 12
"""Raised when selection, lints, grounding or the template change what is said of the same evidence."""
