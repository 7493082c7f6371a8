"""The reference data: indicator set, vision, areas and code lists, as data files with schemas and one loader."""

from catalog.reference.loader import Reference, load_reference, read_reference

__all__ = ["Reference", "load_reference", "read_reference"]
