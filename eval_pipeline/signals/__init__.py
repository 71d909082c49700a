"""Detectors of a reason to look at a session, one file each; `reading/` is what they share."""
