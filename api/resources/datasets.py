"""``/datasets`` and their releases."""

from __future__ import annotations

from typing import Any

from api.calls import Answer, Call, answers
from catalog.model import DataStructure, License, parse_selector
from catalog.releases import DatasetHolding, ReleaseHolding


@answers("listDatasets")
def list_datasets(call: Call) -> Answer:
    """Answer all datasets, by name."""
    found = [_present(call, one) for one in call.holdings.datasets.values()]
    return Answer(data=found, meta={"total": len(found)})


@answers("showDataset")
def show_dataset(call: Call) -> Answer:
    """Answer one dataset."""
    return Answer(data=_present(call, call.holdings.get(call.path["name"])))


@answers("listReleases")
def list_releases(call: Call) -> Answer:
    """Answer the releases of a dataset, the newest first."""
    holding = call.holdings.get(call.path["name"])
    found = [_summarise(call, one) for one in reversed(holding.releases)]
    return Answer(data=found, meta={"total": len(found)})


@answers("showRelease")
def show_release(call: Call) -> Answer:
    """Answer one release, by version, line of versions, or ``latest``."""
    release = find_release(call)
    manifest = release.manifest
    base = release_path(release)
    data = {
        **manifest.to_dict(),
        **_summarise(call, release),
        "dataset": manifest.dataset.name,
        "files": [{**one.to_dict(), "url": call.api_url(f"{base}/files/{one.name}")} for one in manifest.files],
        "omitted": [one.to_dict() for one in manifest.omitted],
    }
    return Answer(data=data, pinned_path=f"/api/v1{base}")


def find_release(call: Call) -> ReleaseHolding:
    """Return the release that the path names.

    Raises
    ------
    NoSuchDataset
        If there is no such dataset.
    VersionError
        If the path's version cannot be read.
    NoSuchVersion
        If no release has it.
    """
    return call.holdings.get(call.path["name"]).select(parse_selector(call.path["version"]))


def release_path(release: ReleaseHolding) -> str:
    """Return the path below ``/api/v1`` that names a release for ever."""
    return f"/datasets/{release.manifest.dataset.name}/releases/{release.manifest.version}"


def present_license(license: License) -> dict[str, Any]:
    """Return a licence as JSON."""
    note = license.note.to_dict() if license.note else None
    return {"id": license.id, "label": license.label.to_dict(), "url": license.url, "note": note}


def _summarise(call: Call, release: ReleaseHolding) -> dict[str, Any]:
    manifest = release.manifest
    return {
        "version": str(manifest.version),
        "sequence": manifest.sequence,
        "digest": manifest.digest,
        "issued": manifest.issued,
        "observations": manifest.observations,
        "temporal": manifest.temporal,
        "links": {"self": call.api_url(release_path(release))},
    }


def _present(call: Call, holding: DatasetHolding) -> dict[str, Any]:
    dataset = holding.dataset
    path = f"/datasets/{dataset.name}"
    return {
        **dataset.to_dict(),
        "landing_page": dataset.source_page or call.url(f"/dataset/{dataset.name}"),
        "license": present_license(dataset.license),
        "areas": [one.code for one in dataset.areas],
        "columns": _columns(dataset.structure),
        "dimensions": _dimensions(dataset.structure),
        "current": _summarise(call, holding.current),
        "links": {
            "self": call.api_url(path),
            "releases": call.api_url(f"{path}/releases"),
            "observations": call.url("/api/v1/observations", [("dataset", dataset.name)]),
        },
    }


def _columns(structure: DataStructure) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "role": one.role,
            "type": one.type,
            "label": one.label.to_dict(),
            "description": one.description.to_dict(),
        }
        for one in structure.columns
    ]


def _dimensions(structure: DataStructure) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "label": one.label.to_dict(),
            "codes": [{"code": code, "label": label.to_dict()} for code, label in one.codes.items()],
        }
        for one in structure.breakdowns
    ]
