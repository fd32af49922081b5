"""What people say of captions: stored in a workspace, exported and imported."""
