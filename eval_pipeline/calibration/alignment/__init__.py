"""Whether what was promoted still agrees with people, and what moved if not."""
