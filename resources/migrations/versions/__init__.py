"""The revisions, in order of their names. Once released, a revision is never edited."""
