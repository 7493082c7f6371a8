"""Published cross tables of a survey -> the same observations as from its answers."""
