"""The kinds of sources there are."""

from __future__ import annotations

from functools import cache

from harvesters.base import Harvester


@cache
def harvesters() -> dict[str, Harvester]:
    """Return kind -> harvester, in the order of documentation."""
    from harvesters.ckan import Ckan
    from harvesters.company_survey import CompanySurvey
    from harvesters.crosstab import CrossTables
    from harvesters.datapackage import DataPackage
    from harvesters.dcat import Dcat
    from harvesters.estat import EStat
    from harvesters.mynumber import MyNumber
    from harvesters.ngsi import Ngsi
    from harvesters.procedures import Procedures
    from harvesters.register import Register
    from harvesters.sdmx import Sdmx
    from harvesters.services import Services
    from harvesters.survey import Survey
    from harvesters.table_files import CsvFiles, ExcelFiles

    kinds: tuple[Harvester, ...] = (
        MyNumber(),
        Procedures(),
        Survey(),
        CrossTables(),
        CompanySurvey(),
        Register(),
        EStat(),
        Sdmx(),
        Ngsi(),
        Services(),
        CsvFiles(),
        ExcelFiles(),
        Ckan(),
        Dcat(),
        DataPackage(),
    )
    return {one.kind: one for one in kinds}
