"""The kinds of sources there are; the module of a kind is imported when the kind is asked for."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import cache
from pkgutil import resolve_name

from harvesters.base import Harvester

#: kind -> its class, in the order of documentation
_CLASSES = {
    "mynumber": "harvesters.mynumber.harvester:MyNumber",
    "procedures": "harvesters.procedures.harvester:Procedures",
    "survey": "harvesters.survey.harvester:Survey",
    "crosstab": "harvesters.crosstab.harvester:CrossTables",
    "company_survey": "harvesters.company_survey:CompanySurvey",
    "register": "harvesters.register.harvester:Register",
    "estat": "harvesters.estat.harvester:EStat",
    "sdmx": "harvesters.sdmx.harvester:Sdmx",
    "ngsi": "harvesters.ngsi.harvester:Ngsi",
    "services": "harvesters.services.harvester:Services",
    "csv": "harvesters.table_files:CsvFiles",
    "excel": "harvesters.table_files:ExcelFiles",
    "ckan": "harvesters.ckan.harvester:Ckan",
    "dcat": "harvesters.dcat.harvester:Dcat",
    "datapackage": "harvesters.datapackage.harvester:DataPackage",
}


class Kinds(MutableMapping[str, Harvester]):
    """Kind -> harvester, in the order of documentation; others can be added."""

    def __init__(self) -> None:
        self._found: dict[str, Harvester | None] = dict.fromkeys(_CLASSES)

    def __getitem__(self, kind: str) -> Harvester:
        found = self._found[kind]
        if found is None:
            found = self._found[kind] = resolve_name(_CLASSES[kind])()
        return found

    def __setitem__(self, kind: str, harvester: Harvester) -> None:
        self._found[kind] = harvester

    def __delitem__(self, kind: str) -> None:
        del self._found[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@cache
def harvesters() -> Kinds:
    """Return kind -> harvester."""
    return Kinds()
