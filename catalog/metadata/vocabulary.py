"""The terms of others that our descriptions use: namespaces, and tables from our codes to theirs.

The terms of the EU's authority tables are what DCAT-AP asks for; each is described with a label wherever it is used,
because the ranges of DCAT-AP demand its class (``range.ttl`` of the shapes).

References
----------
DCAT 3 (W3C, 2024-08-22); DCAT-AP 3.0.1 (SEMIC), section 7 controlled vocabularies; ADMS; SPDX 2.3; vCard ontology.
"""

from __future__ import annotations

from rdflib import DCTERMS, FOAF, OWL, PROV, RDF, RDFS, SKOS, XSD, Namespace
from rdflib.namespace import DefinedNamespace

from catalog.errors import Label

ADMS = Namespace("http://www.w3.org/ns/adms#")
#: not rdflib's own, which refuses the terms that came with DCAT 3
DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")


#: prefix -> namespace, in every serialisation
PREFIXES: dict[str, Namespace | type[DefinedNamespace]] = {
    "adms": ADMS,
    "dcat": DCAT,
    "dcatap": DCATAP,
    "dct": DCTERMS,
    "foaf": FOAF,
    "owl": OWL,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "skos": SKOS,
    "spdx": SPDX,
    "vcard": VCARD,
    "xsd": XSD,
}

_AUTHORITY = "http://publications.europa.eu/resource/authority/"

#: the tables of themes, as a concept scheme
THEMES = (f"{_AUTHORITY}data-theme", Label("EUのデータ主題", "EU data themes"))

#: a Smart, or ``overall`` -> EU data theme
SMART_THEMES: dict[str, tuple[str, Label]] = {
    "overall": (f"{_AUTHORITY}data-theme/GOVE", Label("政府と公共部門", "Government and public sector")),
    "living": (f"{_AUTHORITY}data-theme/SOCI", Label("人口と社会", "Population and society")),
    "working": (f"{_AUTHORITY}data-theme/ECON", Label("経済と財政", "Economy and finance")),
    "learning": (f"{_AUTHORITY}data-theme/EDUC", Label("教育、文化、スポーツ", "Education, culture and sport")),
    "town": (f"{_AUTHORITY}data-theme/REGI", Label("地域と都市", "Regions and cities")),
    "cityhall": (f"{_AUTHORITY}data-theme/GOVE", Label("政府と公共部門", "Government and public sector")),
}

#: SDMX CL_FREQ code -> EU frequency; N is what older descriptions say for irregular
FREQUENCIES: dict[str, str] = {
    "A": f"{_AUTHORITY}frequency/ANNUAL",
    "S": f"{_AUTHORITY}frequency/ANNUAL_2",
    "Q": f"{_AUTHORITY}frequency/QUARTERLY",
    "M": f"{_AUTHORITY}frequency/MONTHLY",
    "W": f"{_AUTHORITY}frequency/WEEKLY",
    "D": f"{_AUTHORITY}frequency/DAILY",
    "I": f"{_AUTHORITY}frequency/IRREG",
    "N": f"{_AUTHORITY}frequency/IRREG",
}

#: SDMX CL_FREQ code -> ISO 8601 repeating interval, where there is one (DCAT-US 1.1, accrualPeriodicity)
INTERVALS = {"A": "R/P1Y", "S": "R/P6M", "Q": "R/P3M", "M": "R/P1M", "W": "R/P1W", "D": "R/P1D"}

#: format as a distribution names it -> EU file type
FILE_TYPES = {
    "CSV": f"{_AUTHORITY}file-type/CSV",
    "JSON": f"{_AUTHORITY}file-type/JSON",
    "PARQUET": f"{_AUTHORITY}file-type/PARQUET",
    "XLSX": f"{_AUTHORITY}file-type/XLSX",
}

#: ISO 639-1 -> EU language
LANGUAGES = {
    "ja": (f"{_AUTHORITY}language/JPN", Label("日本語", "Japanese")),
    "en": (f"{_AUTHORITY}language/ENG", Label("英語", "English")),
}

PUBLIC = (f"{_AUTHORITY}access-right/PUBLIC", Label("公開", "Public"))
STABLE = (f"{_AUTHORITY}planned-availability/STABLE", Label("継続して提供", "Stable"))
JAPAN = f"{_AUTHORITY}country/JPN"

#: CKAN licence id -> ADMS licence type
LICENSE_TYPES = {
    "cc-by": ("http://purl.org/adms/licencetype/Attribution", Label("表示（出典の明記）", "Attribution")),
}

#: CKAN licence id -> title in CKAN's own list, by which CKAN's DCAT harvester finds the id again
CKAN_LICENSE_TITLES = {"cc-by": Label("クリエイティブ・コモンズ 表示", "Creative Commons Attribution")}

SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
IANA = "https://www.iana.org/assignments/media-types/"
OPENAPI = "https://spec.openapis.org/oas/v3.1.0"
CKAN_API = "https://docs.ckan.org/en/2.12/api/"
CSVW = "http://www.w3.org/ns/csvw"
