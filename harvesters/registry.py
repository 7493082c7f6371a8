"""The kinds of sources there are."""

from __future__ import annotations

from functools import cache

from harvesters.base import Harvester


@cache
def harvesters() -> dict[str, Harvester]:
    """Return kind -> harvester, in the order of documentation."""
    from harvesters.ckan.harvester import Ckan
    from harvesters.company_survey import CompanySurvey
    from harvesters.crosstab.harvester import CrossTables
    from harvesters.datapackage.harvester import DataPackage
    from harvesters.dcat.harvester import Dcat
    from harvesters.estat.harvester import EStat
    from harvesters.mynumber.harvester import MyNumber
    from harvesters.ngsi.harvester import Ngsi
    from harvesters.procedures.harvester import Procedures
    from harvesters.register import Register
    from harvesters.sdmx.harvester import Sdmx
    from harvesters.services.harvester import Services
    from harvesters.survey.harvester import Survey
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
