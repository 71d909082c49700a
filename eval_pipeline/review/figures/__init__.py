"""What the pages of figures show: agreement, anchoring, judges, coverage, adjudication, examples."""
