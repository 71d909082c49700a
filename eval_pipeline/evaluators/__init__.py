"""Deterministic evaluators: what a check is, the checks there are, and running them over sessions."""
