"""Sources of kind ``dcat``: catalogues in RDF."""
