"""The registry of services from file to catalogue: what is left out, what is warned of, what is published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import find_service, open_catalogue
from catalog.database import JobStatus
from catalog.errors import InputError
from catalog.model.service import Service
from catalog.reference.service_checks import check_step
from catalog.releases import Holdings
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport, plan_sources, run_sources
from harvesters.services.harvester import Services

TEXT = {"ja": "名", "en": "name"}
LEAST: dict[str, Any] = {"name": TEXT, "description": TEXT, "phase": "pilot", "areas": ["121061"], "step": 1}


@pytest.fixture
def registry(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a registry of records; ids are a, b, c..."""

    def write(*records: dict[str, Any], **members: Any) -> Path:
        listed = [{"id": chr(ord("a") + number), **LEAST, **one} for number, one in enumerate(records)]
        path = tmp_path / "services.yml"
        path.write_text(json.dumps({"services": listed, **members}), "utf-8")
        return Path(path.name)

    return write


@pytest.fixture
def transform(make_source: Callable[..., HarvestSource], make_context: Any) -> Callable[[Path], Any]:
    """Return a function that reads a registry: (services, findings, tally)."""

    def read(path: Path) -> Any:
        context = make_context(make_source("services", path=path))
        harvester = Services()
        [wanted] = harvester.gather(context)
        found = harvester.services(context, harvester.fetch(context, wanted, None))
        return found, context.findings, context.tally

    return read


@pytest.fixture
def run(settings: Settings, make_source: Callable[..., HarvestSource]) -> Callable[..., JobReport]:
    """Return a function that harvests a registry."""

    def harvest(path: Path, **options: Any) -> JobReport:
        [report] = run_sources(settings, [make_source("services", path=path)], **options)
        return report

    return harvest


def actions(report: JobReport) -> dict[str, str]:
    return {one.id: one.action for one in report.services}


def edit(settings: Settings, name: str, **changes: Any) -> None:
    """Change a package by hand."""
    catalogue = open_catalogue(settings)
    package = catalogue.find_package(name)
    assert package is not None
    catalogue.action("package_update", **{**package, **changes})
    catalogue.close()


# ---- the sample


@pytest.fixture
def sample(samples: Path, transform: Callable[[Path], Any]) -> Any:
    return transform(samples / "services" / "services.yml")


def test_the_sample_has_the_four_services_as_the_shared_figures_have_them(sample: Any, shared_data: Path) -> None:
    services = {one.id: one for one in sample[0]}
    figures = json.loads((shared_data / "figures" / "services.json").read_text("utf-8"))
    assert list(services) == [one["serviceId"] for one in figures]
    for one in figures:
        ours: Service = services[one["serviceId"]]
        assert ours.name.ja == one["nameJa"]
        assert (list(ours.smarts), ours.step, ours.phase) == (one["smart"], one["step"], one["phase"])
        assert list(ours.areas) == one["areas"]
        assert ours.start == one.get("startDate")
        assert (ours.owner.ja if ours.owner else None) == one.get("owner")
        assert (ours.operator.ja if ours.operator else None) == one.get("operator")
        assert ours.url == one.get("url")
        assert [source.url for source in ours.sources] == [text.split(" ")[0] for text in one["sources"]]
        assert [item.name.ja for item in ours.data.outputs] == one.get("dataOut", [])
        assert len(ours.data.inputs) == len(one.get("dataIn", []))
        assert ours.note is not None
        assert "千葉市によるものではありません" in ours.note.ja


def test_the_figures_of_the_sample_are_those_of_the_shared_figures(sample: Any, shared_data: Path) -> None:
    services = {one.id: one for one in sample[0]}
    for one in json.loads((shared_data / "figures" / "services.json").read_text("utf-8")):
        stated = {
            (metric["date"].replace("-", "-M") if len(metric["date"]) == 7 else metric["date"], value)
            for metric in one.get("metrics", [])
            for key, value in metric.items()
            if key not in {"date", "approx"}
        }
        ours = {(each.period, each.value) for kpi in services[one["serviceId"]].kpis for each in kpi.measurements}
        assert ours == stated


def test_the_sample_warns_of_exactly_two_steps_and_rejects_nothing(sample: Any) -> None:
    services, findings, tally = sample
    assert dict(findings.counts) == {"step-inconsistent": 2}
    assert (tally.read, tally.accepted, tally.rejected) == (4, 4, 0)
    found = {one.id: [each.fact for each in check_step(one)] for one in services}
    assert found == {"foryou": [], "chibarepo": [], "ideabox": ["coverage"], "makuhari-drone": ["architect"]}


# ---- reading


def test_the_publisher_is_the_organisation_of_the_source(registry: Any, transform: Any) -> None:
    other = {"name": "mallory", "label": TEXT}
    [service], findings, _ = transform(registry({"publisher": other}))
    assert service.publisher.name == "chiba-city"
    assert findings.counts["publisher-given"] == 1


@pytest.mark.parametrize("raw", [12106, "12106", "１２１０６１"])
def test_area_codes_are_repaired_visibly_or_found_unknown(raw: Any, registry: Any, transform: Any) -> None:
    services, findings, _ = transform(registry({"areas": [raw]}, {}))
    if "area-code-repaired" in findings.counts:
        assert services[0].areas == ("121061",)
    else:
        assert findings.counts["code-unknown"] == 1
        assert [one.id for one in services] == ["b"]


@pytest.mark.parametrize(
    ("members", "rule", "place", "said"),
    [
        ({"name": "日本語だけ"}, "record-invalid", "services[0], /name", "ja"),
        ({"url": "javascript:alert(1)"}, "record-invalid", "services[0], /url", "http(s)"),
        ({"step": 5}, "record-invalid", "services[0], /step", "1, 2 or 3"),
        ({"smarts": ["city_hall"]}, "code-unknown", "services[0], /smarts/0", "cityhall"),
        ({"areas": ["129999"]}, "code-unknown", "services[0], /areas/0", ""),
        ({"phase": "pilots"}, "code-unknown", "services[0], /phase", "pilot"),
    ],
)
def test_a_record_that_cannot_be_used_is_left_out_and_says_why(
    members: dict[str, Any], rule: str, place: str, said: str, registry: Any, transform: Any
) -> None:
    services, findings, tally = transform(registry(members, {}))
    assert [one.id for one in services] == ["b"]
    assert (tally.read, tally.accepted, tally.rejected) == (2, 1, 1)
    [finding] = findings.examples[rule]
    assert finding.place.cell == place
    assert finding.place.file == "services.yml"
    assert said in finding.detail.en


@pytest.mark.parametrize(
    ("members", "rule", "place"),
    [
        ({"areas": ["121002"]}, "step-inconsistent", "services[0], /step"),
        ({"phase": "ended", "step": None}, "evaluation-missing", "services[0], /evaluation"),
        ({"end": "2024", "evaluation": {"period": "2024"}}, "evaluation-missing", "services[0], /evaluation"),
        ({"data": {side: [{"name": "x"}] for side in ("internal", "outputs")}}, "data-overlap", "services[0], /data"),
        ({"governance": {"chair": "x"}}, "member-unknown", "services[0], /governance/chair"),
    ],
)  # fmt: skip
def test_a_record_that_deserves_a_look_is_published_with_a_warning(
    members: dict[str, Any], rule: str, place: str, registry: Any, transform: Any
) -> None:
    services, findings, tally = transform(registry(members))
    assert len(services) == tally.accepted == 1
    [finding] = findings.examples[rule]
    assert finding.place.cell == place


@pytest.mark.parametrize(
    "members",
    [
        {"end": "2024", "evaluation": {"productionised": False}},
        {"phase": "pilot"},
        {"phase": "implemented", "end": "2024"},
    ],
)
def test_a_trial_with_a_result_or_still_running_needs_no_evaluation(
    members: dict[str, Any], registry: Any, transform: Any
) -> None:
    _, findings, _ = transform(registry(members))
    assert "evaluation-missing" not in findings.counts


def test_a_record_that_is_no_mapping_is_left_out(registry: Any, transform: Any, tmp_path: Path) -> None:
    path = registry({})
    raw = json.loads((tmp_path / path).read_text("utf-8"))
    (tmp_path / path).write_text(json.dumps({"services": ["x", None, *raw["services"]]}), "utf-8")
    services, findings, tally = transform(path)
    assert len(services) == 1
    assert findings.counts["record-invalid"] == tally.rejected == 2


@pytest.mark.parametrize("records", [(), ({"step": 9},)])
def test_a_registry_without_a_usable_record_is_an_error(
    records: tuple[Any, ...], registry: Any, transform: Any
) -> None:
    with pytest.raises(InputError):
        transform(registry(*records))


# ---- publishing


def test_a_run_publishes_each_service_and_the_next_one_does_nothing(
    registry: Any, run: Any, holdings: Callable[[], Holdings]
) -> None:
    path = registry({}, {"step": 2})
    first = run(path)
    assert (first.status, first.exit_code) == (JobStatus.SUCCEEDED, 0)
    assert actions(first) == {"a": "created", "b": "created"}
    assert sorted(holdings().services) == ["a", "b"]
    assert run(path).skipped
    assert actions(run(path, force=True)) == {"a": "unchanged", "b": "unchanged"}


def test_only_what_changed_is_published(registry: Any, run: Any, holdings: Callable[[], Holdings]) -> None:
    run(registry({}, {}))
    assert actions(run(registry({}, {"phase": "implemented"}))) == {"a": "unchanged", "b": "updated"}
    assert holdings().get_service("b").phase == "implemented"


def test_a_plan_says_what_a_run_does_and_writes_nothing(
    registry: Any, run: Any, settings: Settings, make_source: Any
) -> None:
    def planned() -> tuple[int, dict[str, str]]:
        [plan] = plan_sources(settings, [make_source("services", path=path)])
        return plan.exit_code, {one.id: one.action for one in plan.services}

    path = registry({})
    assert planned() == (2, {"a": "created"})
    assert not (settings.home / "catalog").exists()
    run(path)
    assert planned() == (0, {"a": "unchanged"})
    path = registry({"step": 3})
    assert planned() == (2, {"a": "updated"})


def test_an_edit_by_hand_fails_that_service_alone(
    registry: Any, run: Any, settings: Settings, make_source: Any
) -> None:
    run(registry({}, {}))
    edit(settings, "service-a", title="直した")
    path = registry({"step": 2}, {"step": 2})
    [plan] = plan_sources(settings, [make_source("services", path=path)])
    assert plan.exit_code == 3
    report = run(path)
    assert (report.status, report.exit_code) == (JobStatus.PARTIAL, 1)
    assert actions(report) == {"a": "failed", "b": "updated"}
    assert report.services[0].error is not None
    assert report.services[0].error["code"] == "edited-by-hand"
    assert report.services[0].error["fields"] == ["title"]


def test_an_edit_by_hand_of_an_unchanged_service_is_told(registry: Any, run: Any, settings: Settings) -> None:
    path = registry({})
    run(path)
    edit(settings, "service-a", notes="直した")
    report = run(path, force=True)
    assert report.status is JobStatus.SUCCEEDED
    assert report.findings.counts["service-edited"] == 1


def test_a_service_that_is_not_named_any_more_stays_and_is_told(
    registry: Any, run: Any, holdings: Callable[[], Holdings]
) -> None:
    run(registry({}, {}))
    report = run(registry({}))
    assert report.findings.counts["service-gone"] == 1
    assert sorted(holdings().services) == ["a", "b"]


def test_a_service_that_was_deleted_in_the_catalogue_is_not_brought_back_silently(
    registry: Any, run: Any, settings: Settings
) -> None:
    path = registry({}, {})
    run(path)
    edit(settings, "service-a", state="deleted")
    report = run(path)
    assert not report.skipped
    assert actions(report) == {"a": "failed", "b": "unchanged"}


def test_a_service_that_is_registered_twice_is_published_once(registry: Any, run: Any, settings: Settings) -> None:
    report = run(registry({"id": "same", "step": 1}, {"id": "same", "step": 2}))
    assert actions(report) == {"same": "created"}
    assert report.findings.counts["service-twice"] == 1
    assert (report.rows.accepted, report.rows.rejected) == (1, 1)
    catalogue = open_catalogue(settings)
    found = find_service(catalogue, "same")
    catalogue.close()
    assert found is not None
    assert found.service.step == 1


def test_a_broken_registry_fails_and_what_is_published_stays(
    registry: Any, run: Any, holdings: Callable[[], Holdings], tmp_path: Path
) -> None:
    path = registry({})
    run(path)
    (tmp_path / path).write_text("services: [", "utf-8")
    report = run(path)
    assert (report.status, report.exit_code) == (JobStatus.FAILED, 1)
    assert list(holdings().services) == ["a"]


def test_the_report_tells_people_and_machines_of_services(registry: Any, run: Any) -> None:
    report = run(registry({}))
    assert "  a: 作成" in report.lines("ja")
    assert "  a: created" in report.lines("en")
    written = report.to_dict()
    assert [one["action"] for one in written["services"]] == ["created"]
    assert written["counts"]["created"] == 1
