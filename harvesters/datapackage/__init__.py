"""Sources of kind ``datapackage``: Data Packages, version 1 and 2."""
