"""Surveys of people: answers and code book -> indicators, by wave; with what cross tables and registers share."""
