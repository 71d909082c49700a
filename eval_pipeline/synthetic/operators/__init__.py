"""Operators: each makes one stated change to a session and says which verdicts must change, one file each."""
