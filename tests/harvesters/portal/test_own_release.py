"""Releases of catalogues like ours: what is taken over, and descriptors that say more than they may."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import InputError
from catalog.formats import read_parquet
from catalog.model import TOTAL, Agent, DataStructure, Dimension, Label, Origin, Provenance
from catalog.releases import BuiltRelease, build_release
from harvesters import HarvestSource
from harvesters.mapping import Mapper
from harvesters.portal.own_release import find_own_table

SEX = Dimension(
    "sex", Label("性別", "Sex"), {TOTAL: Label("計", "Total"), "M": Label("男", "Male"), "F": Label("女", "Female")}
)


@pytest.fixture
def release(
    tmp_path: Path, make_source: Callable[..., HarvestSource], make_context: Callable[..., Any]
) -> BuiltRelease:
    """Return a release with a breakdown, a missing value and a note with quotes."""
    source = make_source("datapackage", path=tmp_path, dataset="cards", dataset_title=Label("題名", "Title"))
    described = Mapper(make_context(source)).dataset()
    structure = DataStructure((SEX,))
    common = {"indicator_id": "kpi-12", "definition_id": "kpi-12.issued", "area_code": "121002", "unit": "PT"}
    rows = [
        {**common, "period": "2021", "sex": "F", "value": 33.3, "obs_status": "A", "note": 'a "b"'},
        {**common, "period": "2021", "sex": "M", "value": None, "obs_status": "O"},
        {**common, "period": "2021", "sex": TOTAL, "value": 30.0, "obs_status": "A"},
    ]
    built = build_release(
        type(described)(
            **{one: getattr(described, one) for one in described.__dataclass_fields__} | {"structure": structure}
        ),
        structure.table(rows),
        parent=None,
        issued="2021-12-31T00:00:00+09:00",
        provenance=Provenance((Origin("a.csv", "ab" * 32, 10, "2021-12-31T00:00:00Z"),), "test", "test 1"),
        folder=tmp_path / "builds",
    )
    assert built is not None
    return built


@pytest.fixture
def package(release: BuiltRelease, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the release as a package, its descriptor and table changed."""

    def write(change: Callable[[dict[str, Any]], Any] | None = None, table: Callable[[str], str] | None = None) -> Path:
        folder = tmp_path / "package"
        folder.mkdir(exist_ok=True)
        descriptor = json.loads(release.path("datapackage.json").read_text("utf-8"))
        text = release.path("cards.csv").read_bytes().decode()
        if table is not None:
            text = table(text)
            for one in descriptor["resources"]:
                one.pop("hash", None)
                one.pop("bytes", None)
        if change is not None:
            change(descriptor)
        (folder / "cards.csv").write_bytes(text.encode())
        (folder / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
        return folder

    return write


def _csv(descriptor: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in descriptor["resources"] if one["path"] == "cards.csv")
    return found


def _field(descriptor: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in _csv(descriptor)["schema"]["fields"] if one["name"] == name)
    return found


@pytest.fixture
def take(run: Any, make_source: Any) -> Callable[[Path], Any]:
    """Return a function that takes a package over."""
    return lambda folder: run(make_source("datapackage", path=folder, mapping=None, dataset="copied"))


def test_observations_codes_labels_and_nulls_come_over(release: BuiltRelease, package: Any, take: Any) -> None:
    done = take(package())
    [[one]] = done.reading.contributions.values()
    assert one.table.equals(read_parquet(release.parquet))
    assert one.dataset.structure == release.manifest.dataset.structure
    assert one.issued == "2021-12-31T00:00:00+09:00"
    assert done.reading.context.tally.to_dict() == {"read": 3, "accepted": 3, "rejected": 0}


def test_the_options_of_the_source_win_over_what_was_published(package: Any, run: Any, make_source: Any) -> None:
    title = Label("こちらの題名", "Our title")
    source = make_source("datapackage", path=package(), mapping=None, dataset="copied", dataset_title=title)
    [[one]] = run(source).reading.contributions.values()
    assert (one.dataset.name, one.dataset.title) == ("copied", title)


def test_synthetic_figures_stay_synthetic(package: Any, take: Any) -> None:
    [[one]] = take(package(lambda raw: raw.update(synthetic=True))).reading.contributions.values()
    assert one.dataset.synthetic


def test_a_column_that_we_do_not_know_is_told_and_left_out(package: Any, take: Any) -> None:
    done = take(
        package(
            lambda raw: _csv(raw)["schema"]["fields"].append({"name": "mood", "type": "string"}),
            lambda text: "".join(
                f"{line},x\r\n" if i else f"{line},mood\r\n" for i, line in enumerate(text.split("\r\n")[:-1])
            ),
        )
    )
    [[one]] = done.reading.contributions.values()
    assert "mood" not in one.table.column_names
    assert done.counts["own-field-unknown"] == 1


def test_a_column_of_ours_that_an_older_version_lacks_is_empty(package: Any, take: Any) -> None:
    def without_note(raw: dict[str, Any]) -> None:
        _csv(raw)["schema"]["fields"].remove(_field(raw, "note"))

    done = take(
        package(
            without_note,
            lambda text: text.replace(',"a ""b"""', "").replace(",note", "").replace(",\r\n", "\r\n"),
        )
    )
    [[one]] = done.reading.contributions.values()
    assert one.table["note"].null_count == 3


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda raw: _field(raw, "sex").update(name="Sex; DROP TABLE"), "cannot be used"),
        (lambda raw: _field(raw, "sex")["constraints"].update(enum=["M", "F"]), "cannot be used"),
        (lambda raw: _field(raw, "sex")["constraints"].update(enum=["_T", "<script>"]), "cannot be used"),
        (lambda raw: _field(raw, "sex")["constraints"].update(enum=["_T", *map(str, range(6000))]), "cannot be used"),
        (lambda raw: _csv(raw)["schema"]["fields"].append({"name": "note"}), "Two columns"),
    ],
    ids=["name", "no total", "code", "too many codes", "a column twice"],
)
def test_a_structure_that_cannot_be_ours_is_refused(package: Any, take: Any, change: Any, what: str) -> None:
    with pytest.raises(InputError, match=what):
        take(package(change))


@pytest.mark.parametrize(
    "table",
    [
        lambda text: text.replace("33.3", "many"),
        lambda text: text.replace("33.3", "33.3,1"),
        lambda text: text.replace("indicator_id", "indicator"),
        lambda text: text.replace("kpi-12,", ",", 1),
        lambda text: text.split("\r\n")[0] + "\r\n",
        lambda _: "",
        lambda _: "<!DOCTYPE html>",
    ],
    ids=["type", "a cell more", "heading", "null in a key", "no rows", "nothing", "web page"],
)
def test_a_file_that_is_not_the_table_of_its_descriptor_is_refused(package: Any, take: Any, table: Any) -> None:
    done = take(package(None, table))
    [error] = done.errors.values()
    assert error["code"] == "input-unreadable"
    assert error["what"]["ja"] != error["what"]["en"]


def test_a_file_with_another_digest_is_refused(package: Any, take: Any) -> None:
    done = take(package(lambda raw: _csv(raw).update(hash="sha256:" + "0" * 64)))
    assert done.errors["cards.csv"]["code"] == "integrity"


def test_what_is_no_text_in_a_descriptor_is_not_believed(package: Any, take: Any) -> None:
    def lie(raw: dict[str, Any]) -> None:
        raw.update(
            titles=["x"], title=5, descriptions={"ja": 1}, keywords=[{}, "a", "a", 5], spatial=["../x", "121002"]
        )
        raw.update(contributors="me", sources=[{"title": 5, "path": "javascript:alert(1)"}], created="yesterday")

    [[one]] = take(package(lie)).reading.contributions.values()
    assert one.dataset.title == Label("copied", "copied")
    assert one.dataset.keywords == ("a",)
    assert one.dataset.spatial == ("121002",)
    assert one.dataset.landing_page == "https://www.city.chiba.jp/"
    assert one.dataset.creator == one.dataset.publisher == one.dataset.contact
    assert isinstance(one.dataset.publisher, Agent)


def test_texts_of_a_descriptor_are_cut_to_what_a_dataset_may_have(package: Any, take: Any) -> None:
    def long(raw: dict[str, Any]) -> None:
        raw["titles"] = {"ja": "あ" * 10_000, "en": "a" * 10_000}

    [[one]] = take(package(long)).reading.contributions.values()
    assert len(one.dataset.title.ja) == 300


def test_a_table_without_our_columns_is_not_one_of_ours(package: Any) -> None:
    descriptor = json.loads((package() / "datapackage.json").read_text("utf-8"))
    assert find_own_table(descriptor, "x") is not None
    other = copy.deepcopy(descriptor)
    for one in other["resources"]:
        one["schema"] = {"fields": [{"name": "value"}]}
    assert find_own_table(other, "x") is None
    assert find_own_table({"resources": [None, {"schema": []}, {"schema": {"fields": 5}}]}, "x") is None


def test_a_release_that_is_dated_in_the_future_became_known_when_it_was_fetched(package: Any, take: Any) -> None:
    change = {"created": "2099-01-01T00:00:00+09:00"}
    [[one]] = take(package(lambda raw: raw.update(change))).reading.contributions.values()
    assert datetime.fromisoformat(one.issued) <= datetime.now(UTC)
