"""Labels of codes, for the formats that show them beside the codes."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.errors import Label
from catalog.model import DataStructure
from catalog.reference import Reference

#: column name -> code -> label: ``area_code``, ``indicator_id``, ``definition_id``, ``unit``, ``obs_status``
CodeLabels = Mapping[str, Mapping[str, Label]]


def code_labels(reference: Reference) -> CodeLabels:
    """Return the labels of everything that the reference data names."""
    indicators = reference.indicator_set.indicators
    return {
        "indicator_id": {one.id: one.label for one in indicators},
        "definition_id": {two.id: two.label for one in indicators for two in one.definitions},
        "area_code": {one.code: one.name for one in reference.areas},
        "unit": reference.codelists["unit"].labels,
        "obs_status": reference.codelists["obs_status"].labels,
    }


def all_labels(structure: DataStructure, labels: CodeLabels) -> CodeLabels:
    """Return the labels together with those of the dataset's own breakdown dimensions, which win."""
    return {**labels, **{one.id: one.codes for one in structure.breakdowns}}
