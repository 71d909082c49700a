"""Coverage: which cells of the traffic hold too few sessions or labels (`coverage_cells`)."""
