"""The parts of the report on how far each predictor can be trusted; `calibration/report.py` puts them together."""
