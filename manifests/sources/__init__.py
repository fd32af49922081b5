"""What the clips of a workspace come from: folders, files, lists; and where they are cut."""
