"""Finding clips by the vectors of the stage `embed`: by text, by example, and those that are alike."""
