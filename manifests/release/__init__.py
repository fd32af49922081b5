"""What makes a release out of the rows of workspaces: pure functions over tables."""
