"""Datasets and releases as CKAN packages, and back.

A *dataset* package describes the dataset and its current release; its resources have fixed ids and link to the files of
that release. A *release* package holds the files of one release for ever; the extra ``shihyo_release_of`` marks it. Its
``type`` is ``release`` where the catalogue knows that type, else ``dataset``: CKAN's core cannot serve the files of a
package whose type no plugin has registered (seen with 2.12.0).

=========================  ==============================================================================
CKAN                       what
=========================  ==============================================================================
``title`` ``notes``        Japanese, English below it; English alone in ``shihyo_title_en``
``license_id``             ``cc-by``; the note on PDL1.0 in ``shihyo_license_note`` and each ``rights``
``author`` ``maintainer``  who produced the figures, who answers questions
``extras``                 the names of ckanext-dcat where it has one; everything else is ``shihyo_*``
``shihyo_release``         digest of the current release; ``shihyo_sequence`` its place in the chain
``shihyo_written``         what we wrote, field by field, to notice edits by hand (:mod:`catalog.ckan.edits`)
=========================  ==============================================================================

References
----------
ckanext-dcat 2.4.3, mapping between DCAT and CKAN (2026-05-22); EU vocabularies for frequency, language and country.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label
from catalog.model import COUNTRY, MANIFEST_NAME, Agent, Dataset, Distribution, Manifest, parse_period
from catalog.reference import load_reference

DATASET_TYPE = "dataset"
RELEASE_TYPE = "release"

#: namespace of the ids that we give to resources
_NAMESPACE = uuid.UUID("0b9d5f0e-2c0f-5a52-9d0c-5f6d3f8f5a11")

_EU = "http://publications.europa.eu/resource/authority"
#: SDMX CL_FREQ -> EU frequency
_FREQUENCIES = {
    "A": "ANNUAL",
    "S": "ANNUAL_2",
    "Q": "QUARTERLY",
    "M": "MONTHLY",
    "W": "WEEKLY",
    "D": "DAILY",
    "N": "IRREG",
    "I": "IRREG",
}
_LANGUAGES = {"ja": f"{_EU}/language/JPN", "en": f"{_EU}/language/ENG"}
_JAPAN = f"{_EU}/country/JPN"
_THEME = f"{_EU}/data-theme/GOVE"
_SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"

#: languages of the column names of a file; the others have both
_FILE_LANGUAGES = {"_excel.csv": ("ja",), ".csv": ("en",)}

_MANIFEST_TITLE = Label("リリースの目録（変更点、出典、ファイルの一覧）", "Manifest: changes, sources, files")


@dataclass(frozen=True, slots=True)
class CurrentRelease:
    """Which release a dataset package says is current."""

    #: its digest
    digest: str
    #: its place in the chain: 1, 2, 3...
    sequence: int


def release_name(dataset_name: str, sequence: int) -> str:
    """Return the name of the package of a release, ``<dataset>-r00036``."""
    return f"{dataset_name}-r{sequence:05d}"


def distribution_id(dataset_name: str, file_name: str) -> str:
    """Return the id of a resource of the dataset package; the same for every release."""
    return str(uuid.uuid5(_NAMESPACE, f"dataset/{dataset_name}/{file_name}"))


def release_file_id(digest: str, file_name: str) -> str:
    """Return the id of a resource of the release package."""
    return str(uuid.uuid5(_NAMESPACE, f"release/{digest}/{file_name}"))


def extras_of(package: Mapping[str, Any]) -> dict[str, str]:
    """Return the extras of a package as a dictionary."""
    return {one["key"]: one["value"] for one in package.get("extras", ())}


def as_extras(extras: Mapping[str, str]) -> list[dict[str, str]]:
    """Return extras as CKAN wants them; those without a value are left out."""
    return [{"key": key, "value": value} for key, value in sorted(extras.items()) if value]


def current_release(package: Mapping[str, Any]) -> CurrentRelease | None:
    """Return which release a dataset package says is current; None if it is not a dataset of ours."""
    extras = extras_of(package)
    digest, sequence = extras.get("shihyo_release"), extras.get("shihyo_sequence", "")
    if package.get("type") != DATASET_TYPE or "shihyo_release_of" in extras or not digest or not sequence.isdecimal():
        return None
    return CurrentRelease(digest, int(sequence))


def release_package(manifest: Manifest, publisher: str, package_type: str = RELEASE_TYPE) -> dict[str, Any]:
    """Return the release package as it is claimed: a draft without files, in the name of a publisher."""
    dataset = manifest.dataset
    title = Label(f"{dataset.title.ja} 第{manifest.version}版", f"{dataset.title.en}, version {manifest.version}")
    extras = {
        **_release_facts(manifest),
        "shihyo_release_of": dataset.name,
        "shihyo_publisher": publisher,
        "is_version_of": dataset.name,
    }
    return {
        "name": release_name(dataset.name, manifest.sequence),
        "type": package_type,
        "state": "draft",
        "private": False,
        "title": _both(title, " / "),
        "notes": _reasons(manifest),
        "owner_org": dataset.publisher.name,
        "license_id": dataset.license.id,
        "version": str(manifest.version),
        "url": dataset.source_page or "",
        "extras": as_extras(extras),
    }


def release_resource(manifest: Manifest, file: Distribution | None) -> dict[str, str]:
    """Return the fields that go with the upload of a file of the release; None is the manifest."""
    name = file.name if file else MANIFEST_NAME
    fields = {"id": release_file_id(manifest.digest, name), "name": name}
    if file is None:
        return {
            **fields,
            "format": "JSON",
            "mimetype": "application/json",
            "description": _both(_MANIFEST_TITLE, " / "),
        }
    return {**fields, **_file_fields(file, manifest.dataset)}


def dataset_package(
    manifest: Manifest, files: Mapping[str, Mapping[str, Any]], first_issued: str | None = None
) -> dict[str, Any]:
    """Return the dataset package with this release as the current one.

    Parameters
    ----------
    manifest
        The release.
    files
        Name of the file -> resource of the release package, as the catalogue answers it.
    first_issued
        When the dataset was first published; None if this is its first release.
    """
    dataset = manifest.dataset
    issued = {"issued": first_issued or manifest.issued}
    return {
        "name": dataset.name,
        "type": DATASET_TYPE,
        "state": "active",
        "title": dataset.title.ja,
        "notes": _notes(dataset),
        "owner_org": dataset.publisher.name,
        "license_id": dataset.license.id,
        "version": str(manifest.version),
        "url": dataset.source_page or "",
        "author": dataset.creator.label.ja,
        "author_email": dataset.creator.email or "",
        "maintainer": dataset.contact.label.ja,
        "maintainer_email": dataset.contact.email or "",
        "tags": [{"name": one} for one in dataset.keywords],
        "extras": as_extras({**_dcat_extras(manifest), **_release_facts(manifest), **_own_extras(manifest), **issued}),
        "resources": [_dataset_resource(manifest, one, files[one.name]) for one in manifest.files]
        + [_manifest_resource(manifest, files[MANIFEST_NAME])],
    }


def _dataset_resource(manifest: Manifest, file: Distribution, stored: Mapping[str, Any]) -> dict[str, Any]:
    dataset = manifest.dataset
    return {
        "id": distribution_id(dataset.name, file.name),
        "url": stored["url"],
        "name": _both(file.title, " / "),
        "size": file.bytes,
        "issued": manifest.issued,
        **_file_fields(file, dataset),
    }


def _manifest_resource(manifest: Manifest, stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": distribution_id(manifest.dataset.name, MANIFEST_NAME),
        "url": stored["url"],
        "name": _both(_MANIFEST_TITLE, " / "),
        "format": "JSON",
        "mimetype": "application/json",
        "size": stored["size"],
        "hash": stored["hash"],
        "hash_algorithm": _SHA256,
        "shihyo_file": MANIFEST_NAME,
    }


def _file_fields(file: Distribution, dataset: Dataset) -> dict[str, str]:
    note = dataset.license.note
    languages = next((one for suffix, one in _FILE_LANGUAGES.items() if file.name.endswith(suffix)), ("ja", "en"))
    fields = {
        "description": _file_description(file, dataset),
        "format": file.format,
        "mimetype": file.media_type.partition(";")[0],
        "hash": file.sha256,
        "hash_algorithm": _SHA256,
        "encoding": file.encoding or "",
        "bom": "" if file.bom is None else str(file.bom).lower(),
        "language": json.dumps([_LANGUAGES[one] for one in languages]),
        "license": dataset.license.url,
        "rights": _both(note, " / ") if note else "",
        "shihyo_file": file.name,
    }
    return {key: value for key, value in fields.items() if value}


def _file_description(file: Distribution, dataset: Dataset) -> str:
    parts = [file.title]
    if file.encoding:
        name = file.encoding.upper()
        mark = Label("あり", "with") if file.bom else Label("なし", "without")
        parts.append(Label(f"文字コードは{name}、BOM{mark.ja}。", f"Encoding {name} {mark.en} byte order mark."))
    if dataset.synthetic:
        parts.append(_SYNTHETIC)
    return "\n".join(_both(one, "\n") for one in parts)


_SYNTHETIC = Label("架空のデータであり、実際の値ではありません。", "The figures are made up; they are not real values.")


def _notes(dataset: Dataset) -> str:
    note = dataset.license.note
    parts = [dataset.description, dataset.citation, *([note] if note else [])]
    if dataset.synthetic:
        parts.insert(0, _SYNTHETIC)
    return "\n\n".join(["\n\n".join(one.ja for one in parts), "\n\n".join(one.en for one in parts)])


def _reasons(manifest: Manifest) -> str:
    return "\n".join([*(one.ja for one in manifest.remarks), "", *(one.en for one in manifest.remarks)])


def _dcat_extras(manifest: Manifest) -> dict[str, str]:
    dataset = manifest.dataset
    first, last = manifest.temporal or ("", "")
    return {
        "identifier": dataset.name,
        "modified": manifest.issued,
        "temporal_start": parse_period(first).start.isoformat() if first else "",
        "temporal_end": parse_period(last).end.isoformat() if last else "",
        "spatial_uri": _JAPAN if COUNTRY in dataset.spatial else "",
        "spatial_text": "、".join(_area_names(dataset)),
        "frequency": f"{_EU}/frequency/{_FREQUENCIES[dataset.frequency]}",
        "language": json.dumps(sorted(_LANGUAGES.values())),
        "theme": json.dumps([_THEME]),
        "provenance": _provenance(manifest),
        "version_notes": _reasons(manifest),
        "documentation": json.dumps([dataset.source_page] if dataset.source_page else []),
        **_agent("publisher", dataset.publisher),
        **_agent("creator", dataset.creator),
        "contact_name": dataset.contact.label.ja,
        "contact_email": dataset.contact.email or "",
        "contact_uri": dataset.contact.url or "",
    }


def _agent(role: str, agent: Agent) -> dict[str, str]:
    return {
        f"{role}_name": agent.label.ja,
        f"{role}_url": agent.url or "",
        f"{role}_email": agent.email or "",
    }


def _area_names(dataset: Dataset) -> Iterable[str]:
    areas, codes = load_reference().areas.with_areas(dataset.areas), dataset.spatial
    return [found.name_ja if (found := areas.find(code)) else code for code in codes]


def _provenance(manifest: Manifest) -> str:
    source = manifest.provenance
    origins = [f"{one.name} (sha256:{one.sha256}, {one.bytes} bytes)" for one in source.origins]
    back = [_both(source.rollback.label, " / ")] if source.rollback else []
    made = f"{source.source}: {source.activity}"
    return "\n".join([source.citation or manifest.dataset.citation.ja, made, *back, *origins])


def _release_facts(manifest: Manifest) -> dict[str, str]:
    return {
        "shihyo_release": manifest.digest,
        "shihyo_sequence": str(manifest.sequence),
        "shihyo_version": str(manifest.version),
        "shihyo_parent": manifest.parent or "",
        "shihyo_issued": manifest.issued,
    }


def _own_extras(manifest: Manifest) -> dict[str, str]:
    dataset = manifest.dataset
    note = dataset.license.note
    return {
        "shihyo_title_en": dataset.title.en,
        "shihyo_description_en": dataset.description.en,
        "shihyo_license_note": _both(note, " / ") if note else "",
        "shihyo_indicators": json.dumps(list(dataset.indicators)),
        "shihyo_spatial": json.dumps(list(dataset.spatial)),
        "shihyo_observations": str(manifest.observations),
        "shihyo_synthetic": "true" if dataset.synthetic else "false",
        "shihyo_job": manifest.job or "",
    }


def _both(label: Label, between: str) -> str:
    return label.ja if label.ja == label.en else f"{label.ja}{between}{label.en}"
