"""Putting calls to an endpoint, at once or in batches: ledger, limits, budgets, retries."""
