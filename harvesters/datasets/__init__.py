"""Descriptions and code lists of the harvested datasets, as data."""
