"""The survey of procedures: what is counted, what is left out, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest

from catalog.database import HarvestObject
from catalog.errors import FetchError, InputError
from catalog.reference import load_reference
from catalog.releases import check_table
from harvesters import Context, Contribution, Fetched, HarvestSource
from harvesters.describe import read_yaml
from harvesters.procedures.harvester import AVAILABLE, DONE, Procedures

Read = Callable[..., tuple[Contribution, Context]]


@pytest.fixture
def read(make_source: Callable[..., HarvestSource], make_context: Callable[[HarvestSource], Context]) -> Read:
    """Return a function that transforms one file."""

    def transform(path: Path, **options: Any) -> tuple[Contribution, Context]:
        context = make_context(make_source("procedures", path=path, **options))
        [contribution] = Procedures().transform(
            context, Fetched(HarvestObject(name=path.name, location=path.name), path)
        )
        return contribution, context

    return transform


@pytest.fixture
def strange(read: Read, specimens: Path) -> tuple[Contribution, Context]:
    """Return the specimen with one row for every rule, transformed."""
    return read(specimens / "procedures" / "strange_rows.csv")


def _find(contribution: Contribution, definition: str, **codes: str) -> dict[str, Any]:
    wanted = {"ministry": "_T", "procedure_kind": "_T", "recipient": "_T", "definition_id": definition, **codes}
    [row] = [row for row in contribution.table.to_pylist() if all(row[key] == wanted[key] for key in wanted)]
    return row


def test_available_is_the_share_of_procedures_with_a_known_status_that_are_online(
    strange: tuple[Contribution, Context],
) -> None:
    row = _find(strange[0], AVAILABLE)
    assert (row["numerator"], row["denominator"], row["value"]) == (6, 11, 54.55)


def test_partly_online_procedures_are_not_counted_and_the_note_says_so(
    strange: tuple[Contribution, Context],
) -> None:
    row = _find(strange[0], AVAILABLE)
    assert "1手続は分子に含めない（含めると63.64%）" in row["note"]


def test_done_is_the_share_of_cases_over_possible_rows(strange: tuple[Contribution, Context]) -> None:
    row = _find(strange[0], DONE)
    assert (row["numerator"], row["denominator"], row["value"]) == (133, 1270, 10.47)


def test_the_periods_are_those_of_the_options(read: Read, specimens: Path) -> None:
    contribution, _ = read(
        specimens / "procedures" / "strange_rows.csv",
        published=date(2027, 8, 1),
        status_day=date(2026, 3, 31),
        fiscal_year=2025,
    )
    assert contribution.issued == "2027-08-01T00:00:00+09:00"
    assert _find(contribution, AVAILABLE)["period"] == "2026-03-31"
    assert _find(contribution, AVAILABLE)["denominator_date"] == date(2026, 3, 31)
    assert _find(contribution, DONE)["period"] == "FY2025"


#: rule -> what its findings say
STRANGE = {
    "online-exceeds-cases": ["7: 1008 > 0"],
    "procedure-kind-missing": ["5: "],
    "recipient-missing": ["6: "],
    "ministry-missing": ["14: "],
    "status-missing": ["8: "],
    "status-unknown": ["9: 6 検討中"],
    "cases-missing": ["10: "],
    "cases-invalid": ["11: 約100"],
    "cases-do-not-add-up": ["12: 60 + 30 ≠ 100"],
    "id-twice": ["12"],
    "id-missing": [""],
    "row-width": ["13: 8"],
    "online-without-status": ["5: 5 (4 その他)", "14: 3 (2 未実施)"],
    "cases-zero": ["1 / 16"],
}


@pytest.mark.parametrize("rule", STRANGE)
def test_every_strange_row_is_reported(strange: tuple[Contribution, Context], rule: str) -> None:
    _, context = strange
    assert [one.value for one in context.findings.examples[rule]] == STRANGE[rule]


def test_only_rows_that_are_left_out_altogether_count_as_rejected(strange: tuple[Contribution, Context]) -> None:
    _, context = strange
    assert (context.tally.read, context.tally.accepted, context.tally.rejected) == (16, 13, 3)


def test_a_new_ministry_gets_a_stable_code_a_label_and_a_finding(strange: tuple[Contribution, Context]) -> None:
    contribution, context = strange
    labels = contribution.dataset.structure.get_breakdown("ministry").codes
    [code] = [code for code, label in labels.items() if label.ja == "防災庁"]
    assert code == "X9BCDD16A"
    assert _find(contribution, AVAILABLE, ministry=code)["denominator"] == 2
    assert f"3: 防災庁 → {code}" in [one.value for one in context.findings.examples["code-new"]]


def test_a_new_kind_is_labelled_without_its_number(strange: tuple[Contribution, Context]) -> None:
    labels = strange[0].dataset.structure.get_breakdown("procedure_kind").codes
    assert "新しい類型" in {label.ja for label in labels.values()}


def test_width_and_spaces_of_a_value_do_not_make_a_new_code(strange: tuple[Contribution, Context]) -> None:
    assert _find(strange[0], AVAILABLE, procedure_kind="K2_1")["denominator"] == 1


def test_kinds_without_a_recipient_are_counted_as_not_applicable(strange: tuple[Contribution, Context]) -> None:
    contribution, context = strange
    assert _find(contribution, AVAILABLE, recipient="_Z")["denominator"] == 1
    assert "4: " not in [one.value for one in context.findings.examples["recipient-missing"]]


def test_a_share_of_nothing_is_missing_with_its_reason(strange: tuple[Contribution, Context]) -> None:
    row = _find(strange[0], DONE, procedure_kind="K3")
    assert (row["value"], row["obs_status"]) == (None, "M")
    assert row["note"].startswith("分母が0")


def test_breakdowns_are_not_crossed(strange: tuple[Contribution, Context]) -> None:
    names = ("ministry", "procedure_kind", "recipient")
    assert all(sum(row[name] != "_T" for name in names) <= 1 for row in strange[0].table.to_pylist())


def test_what_comes_out_passes_the_checks_of_a_release(strange: tuple[Contribution, Context]) -> None:
    contribution, _ = strange
    assert check_table(contribution.dataset, contribution.table, load_reference().codelists) == []


def test_a_sample_says_in_every_row_that_it_is_not_the_whole(read: Read, specimens: Path) -> None:
    contribution, _ = read(specimens / "procedures" / "strange_rows.csv", sample=True)
    rows = contribution.table.to_pylist()
    assert all(row["note"].startswith("見本による値で、全国の値ではない") for row in rows)
    assert {row["obs_status"] for row in rows} == {"U", "M"}


def test_parquet_and_csv_give_the_same(read: Read, specimens: Path, tmp_path: Path) -> None:
    lines = (specimens / "procedures" / "strange_rows.csv").read_text("utf-8").splitlines()
    whole = [line for line in lines if not line.startswith("13,")]
    text = tmp_path / "survey.csv"
    text.write_text("\n".join(whole), "utf-8")
    as_text = pyarrow.csv.ConvertOptions(column_types={name: pyarrow.string() for name in lines[0].split(",")})
    table = pyarrow.csv.read_csv(text, convert_options=as_text)
    binary = tmp_path / "survey.parquet"
    pyarrow.parquet.write_table(table, binary)
    assert read(binary)[0].table.equals(read(text)[0].table)


def test_a_missing_column_is_an_error(read: Read, tmp_path: Path) -> None:
    file = tmp_path / "survey.csv"
    file.write_text("手続ID,所管府省庁\n1,財務省\n", "utf-8")
    with pytest.raises(InputError, match="総手続件数"):
        read(file)


def test_the_one_file_is_gathered_by_its_name(
    make_source: Callable[..., HarvestSource],
    make_context: Callable[[HarvestSource], Context],
    specimens: Path,
) -> None:
    file = specimens / "procedures" / "strange_rows.csv"
    [found] = Procedures().gather(make_context(make_source("procedures", path=file)))
    assert (found.name, found.location) == ("strange_rows.csv", str(file))


def test_a_url_is_gathered_by_its_last_part(
    make_source: Callable[..., HarvestSource], make_context: Callable[[HarvestSource], Context]
) -> None:
    source = make_source("procedures", url="https://example.jp/data/survey.csv?download=1")
    [found] = Procedures().gather(make_context(source))
    assert found.name == "survey.csv"


def test_a_file_that_is_not_there_is_an_error_that_names_it(
    make_source: Callable[..., HarvestSource],
    make_context: Callable[[HarvestSource], Context],
    tmp_path: Path,
) -> None:
    context = make_context(make_source("procedures", path=tmp_path / "nothing.csv"))
    with pytest.raises(FetchError, match=r"nothing\.csv"):
        Procedures().gather(context)


def test_codes_are_unique_ascii_and_labelled_in_both_languages() -> None:
    for breakdown in read_yaml("procedures-codes").values():
        codes = [one["code"] for one in breakdown["codes"]]
        assert len(set(codes)) == len(codes)
        assert all(
            code.isascii() and one["ja"] and one["en"] for code, one in zip(codes, breakdown["codes"], strict=True)
        )
