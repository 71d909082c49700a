"""Pages of trends, for those who read them where the run is."""
