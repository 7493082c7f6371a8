"""Sources of kind ``services``: the registry of city services."""
