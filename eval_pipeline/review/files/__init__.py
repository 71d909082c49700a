"""Reviews and labels in files: export and import."""
