"""Descriptions of datasets and releases in the vocabularies of others."""

from catalog.metadata.datapackage import describe_datapackage

__all__ = ["describe_datapackage"]
