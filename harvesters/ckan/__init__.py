"""Sources of kind ``ckan``: any CKAN portal."""
