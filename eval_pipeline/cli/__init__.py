"""The command line `eval-pipeline`."""
