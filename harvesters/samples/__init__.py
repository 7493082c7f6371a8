"""Extracts of real sources, so that a demonstration needs nothing outside the clone; see the README of each."""
