"""eval_pipeline."""
