"""Sources of kind ``estat``: getStatsData of the e-Stat API."""
