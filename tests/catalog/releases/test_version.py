from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import VersionError
from catalog.model import (
    ChangeCounts,
    Dataset,
    DataStructure,
    Dimension,
    Label,
    Manifest,
    Version,
)
from catalog.releases import ReleaseDiff, diff_tables, next_version


@pytest.fixture
def parent(specimen: Any) -> Any:
    """Return a function that makes the manifest of version 1.4.2 of a dataset."""

    def made(dataset: Dataset) -> Manifest:
        return Manifest(
            dataset=dataset,
            sequence=7,
            version=Version(1, 4, 2),
            parent="ab" * 32,
            issued="2021-05-01T00:00:00+09:00",
            reasons=(),
            observations=6,
            temporal=("2021-M01", "2021-M02"),
            changes=ChangeCounts(),
            files=(),
            provenance=specimen.provenance,
        )

    return made


@pytest.fixture
def compare(specimen: Any, parent: Any) -> Any:
    """Return a function that tells version and rules for what follows 1.4.2."""

    def compared(
        new: pa.Table, *, old: pa.Table | None = None, was: Dataset | None = None, now: Dataset | None = None
    ) -> tuple[str, list[str]]:
        was, now = was or specimen.dataset(), now or was or specimen.dataset()
        before = specimen.rates("2021-M01", "2021-M02") if old is None else old
        diff = diff_tables(before, new, now.structure)
        version, reasons = next_version(parent(was), diff, now)
        return str(version), [reason["rule"] for reason in reasons]

    return compared


def rows(table: pa.Table, **changes: Any) -> list[dict[str, Any]]:
    return [row | changes for row in table.to_pylist()]


def test_the_first_release_is_one_zero_zero(specimen: Any) -> None:
    diff = diff_tables(None, specimen.rates("2021-M01"), specimen.structure)
    version, reasons = next_version(None, diff, specimen.dataset())
    assert str(version) == "1.0.0"
    assert [reason["rule"] for reason in reasons] == ["first-release"]


def test_a_new_period_is_minor(compare: Any, specimen: Any) -> None:
    version, rules = compare(specimen.rates("2021-M01", "2021-M02", "2021-M03"))
    assert version == "1.5.0"
    assert rules[0] == "period-new"


def test_a_new_area_is_minor(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    more = specimen.table([*rows(table), specimen.row(area_code="122033", period="2021-M01")])
    assert compare(more)[0] == "1.5.0"


def test_a_new_indicator_is_minor(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    more = specimen.table([*rows(table), *rows(table, indicator_id="kpi-13", definition_id="kpi-13.done")])
    assert compare(more)[1][:2] == ["indicator-new", "definition-new"]


def test_a_new_observation_in_known_codes_is_a_patch(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    version, rules = compare(table, old=specimen.table(rows(table)[:-1]))
    assert (version, rules) == ("1.4.3", ["observations-new"])


def test_an_area_that_goes_is_major(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    fewer = specimen.table([row for row in rows(table) if row["area_code"] != "122041"])
    version, rules = compare(fewer)
    assert (version, rules[0]) == ("2.0.0", "area-gone")


def test_a_period_that_goes_is_major(compare: Any, specimen: Any) -> None:
    assert compare(specimen.rates("2021-M01"))[1][0] == "period-gone"


def test_a_changed_definition_is_major(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    version, rules = compare(specimen.table(rows(table, definition_id="kpi-12.held")))
    assert (version, rules[0]) == ("2.0.0", "definition-gone")


def test_a_second_definition_beside_the_first_is_minor(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    more = specimen.table([*rows(table), *rows(table, definition_id="kpi-12.held")])
    assert compare(more)[0] == "1.5.0"


def test_a_changed_unit_is_major(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    assert compare(specimen.table(rows(table, unit="PP")))[1][0] == "unit-changed"


def test_a_series_that_breaks_is_major(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    more = [*rows(table), specimen.row(period="2021-M03", obs_status="B")]
    version, rules = compare(specimen.table(more))
    assert (version, rules[0]) == ("2.0.0", "series-break")


@pytest.mark.parametrize(("share", "version"), [(0.5, "1.4.3"), (0.49, "2.0.0")])
def test_revisions_are_major_beyond_the_share_that_the_dataset_declares(
    compare: Any, specimen: Any, share: float, version: str
) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    half = [row | ({"value": 1.0} if row["period"] == "2021-M01" else {}) for row in rows(table)]
    dataset = specimen.dataset(revision_share=share)
    assert compare(specimen.table(half), was=dataset)[0] == version


def test_corrected_notes_are_a_patch(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    assert compare(specimen.table(rows(table, note="注"))) == ("1.4.3", ["attributes-changed"])


def test_another_description_is_a_patch_that_names_the_field(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    now = specimen.dataset(title=Label("新しい題", "New title"))
    assert compare(table, now=now) == ("1.4.3", ["description-changed"])


def test_a_new_breakdown_is_major_because_one_value_becomes_several(compare: Any, specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    now = specimen.dataset(structure=specimen.by_sex)
    more = specimen.table([*rows(table, sex="_T"), *rows(table, sex="M", value=1.0)], specimen.by_sex)
    version, rules = compare(more, now=now)
    assert (version, rules[0]) == ("2.0.0", "dimension-new")


def test_a_breakdown_that_goes_is_major(compare: Any, specimen: Any) -> None:
    was = specimen.dataset(structure=specimen.by_sex)
    table = specimen.rates("2021-M01", "2021-M02")
    old = specimen.table(rows(table, sex="_T"), specimen.by_sex)
    version, rules = compare(table, old=old, was=was, now=specimen.dataset())
    assert (version, rules[:2]) == ("2.0.0", ["code-gone", "column-gone"])


def test_a_declared_code_that_goes_is_major_even_if_no_observation_used_it(compare: Any, specimen: Any) -> None:
    fewer = Dimension("sex", Label("性別", "Sex"), {"_T": Label("総数", "Total"), "M": Label("男", "Male")})
    was, now = specimen.dataset(structure=specimen.by_sex), specimen.dataset(structure=DataStructure((fewer,)))
    table = specimen.table(rows(specimen.rates("2021-M01"), sex="_T"), specimen.by_sex)
    version, rules = compare(table, old=table, was=was, now=now)
    assert (version, rules[0]) == ("2.0.0", "code-gone")


def test_reasons_are_told_in_both_languages_with_the_first_values(specimen: Any, parent: Any) -> None:
    months = [f"{year}-M{month:02d}" for year in (2021, 2022) for month in range(1, 13)]
    diff = diff_tables(specimen.rates("2020"), specimen.rates("2020", *months), specimen.structure)
    _, [reason, *_] = next_version(parent(specimen.dataset()), diff, specimen.dataset())
    assert reason["count"] == 24
    assert len(reason["values"]) == 20
    assert reason["ja"].startswith("時点・期間が増えた（24）: 2021-M01、2021-M02")
    assert reason["en"].endswith(", ...")


def test_a_person_may_raise_the_version(specimen: Any, parent: Any) -> None:
    diff = diff_tables(specimen.rates("2020"), specimen.rates("2020", "2021"), specimen.structure)
    version, reasons = next_version(parent(specimen.dataset()), diff, specimen.dataset(), raise_to=Version(2, 0, 0))
    assert str(version) == "2.0.0"
    assert reasons[-1]["rule"] == "raised"


def test_asking_for_the_computed_version_is_not_raising_it(specimen: Any, parent: Any) -> None:
    diff = diff_tables(specimen.rates("2020"), specimen.rates("2020", "2021"), specimen.structure)
    _, reasons = next_version(parent(specimen.dataset()), diff, specimen.dataset(), raise_to=Version(1, 5, 0))
    assert "raised" not in {reason["rule"] for reason in reasons}


@given(st.builds(Version, st.integers(0, 3), st.integers(0, 9), st.integers(0, 9)))
def test_nobody_may_lower_the_version(specimen: Any, asked: Version) -> None:
    manifest = replace(_bare(specimen), version=Version(1, 4, 2))
    diff = ReleaseDiff(counts=ChangeCounts(added=1), before=3, after=4, new={"period": ("2022",)})
    if asked >= Version(1, 5, 0):
        assert next_version(manifest, diff, specimen.dataset(), raise_to=asked)[0] == asked
        return
    with pytest.raises(VersionError, match=r"1\.5\.0"):
        next_version(manifest, diff, specimen.dataset(), raise_to=asked)


def _bare(specimen: Any) -> Manifest:
    return Manifest(
        dataset=specimen.dataset(),
        sequence=1,
        version=Version(1, 0, 0),
        parent=None,
        issued="2021-05-01T00:00:00+09:00",
        reasons=(),
        observations=3,
        temporal=None,
        changes=ChangeCounts(),
        files=(),
        provenance=specimen.provenance,
    )
