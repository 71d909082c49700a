"""A product's traffic, its judge endpoint and its reviewers, with known truth: for the demo, load and statistics."""
