"""Judges and people whose verdicts and labels were recorded elsewhere: read from files, and measured."""
