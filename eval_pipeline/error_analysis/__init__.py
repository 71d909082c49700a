"""Scheduled error analysis: what is read, what fits nowhere, and the proposals that come of it."""
