"""Training of an encoder on the captions of workspaces."""
