"""The taxonomy of failures: what it says, how it changes, and how old words are read after a change."""
