"""The stage `localize`: when each claim of a caption is heard."""
