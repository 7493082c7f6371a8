"""Data packages: how their files are written, files in parts, paths that lead out, and what is verified."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ConfigurationError, FetchError, InputError, ShihyoError
from harvesters.datapackage.descriptor import is_safe, locate, meaning_of, read_descriptor
from harvesters.readers.markers import Meaning

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a package."""
    made = tmp_path / "package"
    made.mkdir()
    return made


@pytest.fixture
def write(folder: Path, table: bytes) -> Any:
    """Return a function that writes a package of one resource and of files."""

    def write(files: dict[str, bytes] | None = None, **resource: Any) -> Path:
        for name, content in (files or {"cards.csv": table}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        described = {"name": "cards", "path": "cards.csv", "format": "csv", **resource}
        descriptor = {"name": "p", "licenses": [{"name": "CC-BY-4.0"}], "resources": [described]}
        (folder / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
        return folder

    return write


def test_a_folder_with_a_descriptor_becomes_observations(write: Any, run: Any, make_source: Any) -> None:
    done = run(make_source("datapackage", path=write()))
    assert done.rows == ROWS
    assert done.states == {"datapackage.json": "new", "cards.csv": "new"}


def test_the_path_may_be_the_descriptor_itself_and_relative(write: Any, run: Any, make_source: Any) -> None:
    write()
    assert run(make_source("datapackage", path=Path("package/datapackage.json"))).rows == ROWS
    assert run(make_source("datapackage", path=Path("package"))).rows == ROWS


@pytest.mark.parametrize("suffix", ["/p/datapackage.json", "/p/", "/p"])
def test_a_url_is_that_of_the_descriptor_or_of_its_folder(
    pages: Any, run: Any, make_source: Any, table: bytes, suffix: str
) -> None:
    descriptor = {"resources": [{"name": "cards", "path": "data/表 1.csv"}]}
    server = pages({"/p/datapackage.json": json.dumps(descriptor).encode(), "/p/data/%E8%A1%A8%201.csv": table})
    source = make_source("datapackage", url=server.url + suffix)
    first = run(source)
    assert first.rows == ROWS
    server.requests.clear()
    assert set(run(source, first).states.values()) == {"unchanged"}
    assert all("If-None-Match" in headers for _, headers in server.requests)


def test_the_dialect_says_how_the_file_is_written(write: Any, run: Any, make_source: Any, table: bytes) -> None:
    text = table.decode().replace(",", ";")
    content = f"題名;;\r\n{text}".encode("cp932")
    done = run(
        make_source(
            "datapackage",
            path=write(
                {"cards.csv": content}, encoding="cp932", dialect={"delimiter": ";", "header": True, "headerRows": [2]}
            ),
        )
    )
    assert done.rows == ROWS
    assert not {"detected-encoding", "detected-delimiter", "detected-header"} & set(done.counts)


def test_what_the_options_say_wins_over_the_descriptor(write: Any, run: Any, make_source: Any, table: bytes) -> None:
    folder = write({"cards.csv": table.decode().encode("cp932")}, encoding="utf-8")
    assert run(make_source("datapackage", path=folder, encoding="cp932")).rows == ROWS


def test_a_dialect_and_a_schema_may_stand_in_files_of_their_own(
    write: Any, run: Any, make_source: Any, table: bytes
) -> None:
    files = {
        "cards.csv": table.replace(b",", b"|"),
        "dialect.json": b'{"delimiter": "|"}',
        "meta/schema.json": json.dumps({"fields": [{"name": "団体コード"}, {"name": "年度"}, {"name": "率"}]}).encode(),
    }
    done = run(make_source("datapackage", path=write(files, dialect="dialect.json", schema="meta/schema.json")))
    assert done.rows == ROWS
    assert list(done.states) == ["datapackage.json", "dialect.json", "meta/schema.json", "cards.csv"]
    assert done.counts["schema-differs"] == 1


def test_a_table_without_a_header_has_the_columns_of_its_schema(
    write: Any, run: Any, make_source: Any, table: bytes
) -> None:
    rows = table.partition(b"\r\n")[2]
    schema = {"fields": [{"name": "団体コード"}, {"name": "年度"}, {"name": "率（%）"}]}
    assert (
        run(make_source("datapackage", path=write({"cards.csv": rows}, dialect={"header": False}, schema=schema))).rows
        == ROWS
    )
    schema["fields"].pop()
    done = run(make_source("datapackage", path=write({"cards.csv": rows}, dialect={"header": False}, schema=schema)))
    assert "3 columns" in done.errors["cards.csv"]["what"]["en"]


def test_missing_values_mean_what_their_labels_say(write: Any, run: Any, make_source: Any, table: bytes) -> None:
    content = table.replace(b"32.8", b"-99").replace(b"45.1", b"n/a").replace(b"30.0", b"..")
    missing = ["", {"value": "-99", "label": "秘匿 / suppressed"}, {"value": "n/a", "label": "not asked"}, ".."]
    done = run(make_source("datapackage", path=write({"cards.csv": content}, schema={"missingValues": missing})))
    [[one]] = done.reading.contributions.values()
    found = {(row["area_code"], row["period"]): (row["value"], row["obs_status"]) for row in one.table.to_pylist()}
    assert found == {
        ("121002", "FY2021"): (None, "Q"),
        ("121002", "FY2022"): (None, "L"),
        ("122041", "FY2021"): (None, "O"),
    }
    assert done.counts["missing-value"] == 3


def test_the_option_markers_decides_what_a_missing_value_means(
    write: Any, run: Any, make_source: Any, table: bytes
) -> None:
    folder = write({"cards.csv": table.replace(b"32.8", b"-99")}, schema={"missingValues": ["-99"]})
    done = run(make_source("datapackage", path=folder, markers={"-99": Meaning.CANNOT_EXIST}))
    [[one]] = done.reading.contributions.values()
    assert one.table["obs_status"].to_pylist().count("M") == 1
    assert "missing-value" not in done.counts


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("秘匿値", Meaning.SUPPRESSED),
        ("Confidential", Meaning.SUPPRESSED),
        ("Not applicable", Meaning.CANNOT_EXIST),
        ("未調査", Meaning.NOT_COLLECTED),
        ("皆無", Meaning.NIL),
        ("", Meaning.MISSING),
        ("anything else", Meaning.MISSING),
    ],
)
def test_labels_are_understood_or_mean_missing(label: str, meaning: Meaning) -> None:
    assert meaning_of(label) is meaning


def test_a_workbook_is_read_as_well(write: Any, run: Any, make_source: Any, folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in [
        ["団体コード", "年度", "率（%）"],
        ["121002", 2021, 32.8],
        ["121002", 2022, 45.1],
        ["122041", 2021, 30],
    ]:
        book.active.append(row)
    book.save(folder / "cards.xlsx")
    write({"other.csv": b""}, path="cards.xlsx", format="xlsx")
    assert run(make_source("datapackage", path=folder)).rows == ROWS


def test_resources_are_chosen_by_name_title_or_path(write: Any, run: Any, make_source: Any) -> None:
    folder = write(title="交付状況")
    for pattern in ("cards", "交付*", "cards.csv"):
        assert run(make_source("datapackage", path=folder, files=pattern)).rows == ROWS
    with pytest.raises(FetchError, match="No file fits"):
        run(make_source("datapackage", path=folder, files="nothing"))


# -- files in parts


def test_a_resource_in_parts_is_read_as_one_table(write: Any, run: Any, make_source: Any, table: bytes) -> None:
    header, first, *others = table.splitlines(keepends=True)
    parts = {"a.csv": b"\xef\xbb\xbf" + header + first.rstrip(), "b.csv": b"\xef\xbb\xbf" + header + b"".join(others)}
    source = make_source("datapackage", path=write(parts, path=["a.csv", "b.csv"]))
    done = run(source)
    assert done.rows == ROWS
    assert done.states == dict.fromkeys(("datapackage.json", "a.csv", "b.csv", "cards (2 files)"), "new")
    assert set(run(source, done).states.values()) == {"unchanged"}


def test_parts_without_a_header_of_their_own_are_read_as_well(
    write: Any, run: Any, make_source: Any, table: bytes
) -> None:
    header, first, *others = table.splitlines(keepends=True)
    parts = {"a.csv": header + first, "b.csv": b"".join(others)}
    assert run(make_source("datapackage", path=write(parts, path=["a.csv", "b.csv"]))).rows == ROWS


def test_a_part_that_is_missing_leaves_no_half_table(write: Any, run: Any, make_source: Any, table: bytes) -> None:
    done = run(make_source("datapackage", path=write({"a.csv": table}, path=["a.csv", "b.csv"])))
    assert done.rows == []
    assert sorted(done.errors) == ["b.csv", "cards (2 files)"]


def test_workbooks_are_not_put_together(write: Any, run: Any, make_source: Any) -> None:
    done = run(make_source("datapackage", path=write({"a.csv": b"PK\x03\x04", "b.csv": b"x"}, path=["a.csv", "b.csv"])))
    assert "テキストではない" in done.errors["cards (2 files)"]["what"]["ja"]


# -- what is verified


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_hash_is_verified(write: Any, run: Any, make_source: Any, table: bytes, algorithm: str) -> None:
    digest = hashlib.new(algorithm, table).hexdigest()
    written = digest if algorithm == "md5" else f"{algorithm}:{digest}"
    assert run(make_source("datapackage", path=write(hash=written, bytes=len(table)))).rows == ROWS
    wrong = written[:-1] + ("0" if written[-1] != "0" else "1")
    done = run(make_source("datapackage", path=write(hash=wrong)))
    assert done.errors["cards.csv"]["code"] == "integrity"


def test_a_size_is_verified(write: Any, run: Any, make_source: Any) -> None:
    done = run(make_source("datapackage", path=write(bytes=1)))
    assert "should have 1" in done.errors["cards.csv"]["what"]["en"]


def test_a_file_that_is_missing_is_named(write: Any, run: Any, make_source: Any, folder: Path) -> None:
    write()
    (folder / "cards.csv").unlink()
    done = run(make_source("datapackage", path=folder))
    assert done.errors["cards.csv"]["place"]["file"] == "cards.csv"


# -- descriptors that nobody should follow


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "a/../../secret.csv",
        "/etc/passwd",
        "~/secret.csv",
        "file:///etc/passwd",
        "C:/secret.csv",
        "a\\..\\b.csv",
        "",
        5,
        {"a": 1},
        ["a.csv", "a.csv"],
        ["a.csv", "https://example.org/b.csv"],
        [["a.csv"]],
        ["a\0.csv"],
    ],
)
def test_a_path_that_leads_out_of_the_package_is_refused(write: Any, run: Any, make_source: Any, path: Any) -> None:
    with pytest.raises(InputError, match="path") as caught:
        run(make_source("datapackage", path=write(path=path)))
    assert caught.value.place is not None
    assert caught.value.place.cell == "cards.path"


@pytest.mark.parametrize("where", ["schema", "dialect"])
def test_a_schema_or_dialect_does_not_lead_out_either(write: Any, run: Any, make_source: Any, where: str) -> None:
    with pytest.raises(InputError, match="leads out"):
        run(make_source("datapackage", path=write(**{where: "../../etc/passwd"})))


def test_a_link_that_leads_out_of_the_folder_is_refused(
    write: Any, run: Any, make_source: Any, folder: Path, tmp_path: Path, table: bytes
) -> None:
    write()
    (tmp_path / "secret.csv").write_bytes(table)
    (folder / "cards.csv").unlink()
    (folder / "cards.csv").symlink_to(tmp_path / "secret.csv")
    assert run(make_source("datapackage", path=folder)).errors["cards.csv"]["code"] == "address-forbidden"


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html>", b"[]", b"{}", b'{"resources": {}}', b'{"resources": []}', b"{" * 50_000]
)
def test_a_descriptor_that_is_none_is_an_error(folder: Path, run: Any, make_source: Any, content: bytes) -> None:
    (folder / "datapackage.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        run(make_source("datapackage", path=folder))
    assert caught.value.what.ja != caught.value.what.en


def test_data_in_the_descriptor_itself_are_no_file(folder: Path, run: Any, make_source: Any) -> None:
    (folder / "datapackage.json").write_text('{"resources": [{"name": "x", "data": [[1]]}]}')
    with pytest.raises(FetchError, match="with 0 files"):
        run(make_source("datapackage", path=folder))


def test_without_a_mapping_a_package_of_others_is_an_error(write: Any, run: Any, make_source: Any) -> None:
    with pytest.raises(ConfigurationError, match="mapping"):
        run(make_source("datapackage", path=write(), mapping=None))


@given(st.text(max_size=40))
def test_no_path_that_is_safe_leads_out_of_its_folder(path: str) -> None:
    if is_safe(path) and not path.lower().startswith(("http://", "https://")):
        folder = Path("/srv/package")
        assert (folder / path).resolve().is_relative_to(folder)
        assert locate("https://example.org/p/datapackage.json", path).startswith("https://example.org/p/")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_any_json_is_a_descriptor_or_an_error_of_ours(document: Any) -> None:
    try:
        read_descriptor(json.dumps(document).encode(), "datapackage.json")
    except ShihyoError:
        return
    assert document["resources"]
