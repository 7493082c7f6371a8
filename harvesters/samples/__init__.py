"""Extracts of real sources, so that the demonstration needs nothing outside the clone; see the README in each folder."""
