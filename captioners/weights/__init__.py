"""Where weights come from, and on which terms."""
