"""Proposals for a better judge, made of its disagreements with people."""
