"""What the kinds share that read other people's catalogues: ``ckan``, ``dcat`` and ``datapackage``."""
