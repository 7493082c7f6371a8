"""Messages that are hostile, damaged or of another kind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import FetchError, InputError, TooLarge
from harvesters import Findings
from harvesters.sdmx import json_reader, xml_reader
from harvesters.sdmx.cells import records_of_observations
from harvesters.sdmx.harvester import read_message

FORMATS = (
    "csv-1.0.csv",
    "csv-1.0-labels.csv",
    "csv-2.0.csv",
    "json-1.0.json",
    "json-2.0.json",
    "generic-2.1.xml",
    "structure-specific-2.1.xml",
    "structure-specific-3.0.xml",
)


def _rows(path: Path, findings: Findings | None = None) -> list[dict[str, Any]]:
    records = records_of_observations(read_message(path, path.name, findings or Findings()), path.name)
    return [dict(zip(records.columns, cells, strict=True)) for _, cells in records.rows]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><body>Not found</body></html>", "data message"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "data message"),
        ("<a", "data message"),
        ("{}", "SDMX-JSON data message"),
        ('{"data": {"structures": [], "dataSets": 3}}', "SDMX-JSON data message"),
        ("[1, 2", "no SDMX-CSV"),
        ("name,number\na,1\n", "no SDMX-CSV"),
        ("Service unavailable", "no SDMX-CSV"),
        ("  \n ", "empty"),
    ],
)
def test_what_is_no_data_message_is_an_error_with_a_next_step(tmp_path: Path, body: str, said: str) -> None:
    path = tmp_path / "answer"
    path.write_text(body, "utf-8")
    with pytest.raises(InputError, match=said) as caught:
        _rows(path)
    assert caught.value.next_step is not None


def test_a_message_of_structures_is_refused_before_the_library_sees_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("the library was asked")

    monkeypatch.setattr(xml_reader.subprocess, "run", never)
    with pytest.raises(InputError, match="data message"):
        _rows(folder / "structure-2.1.xml")


def test_structures_inside_a_data_message_are_refused_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library evaluates an attribute of hierarchies; the place is named and nothing is parsed."""
    text = (folder / "generic-2.1.xml").read_text("utf-8")
    evil = (
        '<s:Hierarchy xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" leveled="9**9**9"/>'
        "</message:DataSet>"
    )
    path = tmp_path / "evil.xml"
    path.write_text(text.replace("</message:DataSet>", evil), "utf-8")
    monkeypatch.setattr(xml_reader.subprocess, "run", lambda *_, **__: pytest.fail("the library was asked"))
    with pytest.raises(InputError, match="Hierarchy"):
        _rows(path)


def test_the_error_of_a_server_is_passed_on(folder: Path) -> None:
    with pytest.raises(FetchError, match="No data for data query"):
        _rows(folder / "error-2.1.xml")


def test_elements_nested_without_end_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep.xml"
    text = (folder / "generic-2.1.xml").read_text("utf-8")
    path.write_text(text.replace("<generic:Series>", "<generic:Series>" * 100, 1), "utf-8")
    with pytest.raises(InputError, match="data message"):
        _rows(path)


def test_observations_that_the_library_leaves_out_are_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = xml_reader._parse
    monkeypatch.setattr(xml_reader, "_parse", lambda path, name: [one[:-1] for one in real(path, name)])
    with pytest.raises(InputError) as caught:
        _rows(folder / "generic-2.1.xml")
    assert caught.value.context["reason"] == "[4] observations parsed of [5]"


def test_what_the_library_prints_does_not_reach_our_output(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.xml"
    text = (folder / "generic-2.1.xml").read_text("utf-8")
    path.write_text(text.replace("<generic:ObsDimension", '<generic:Odd a="1"/><generic:ObsDimension', 1), "utf-8")
    with pytest.raises(InputError):
        _rows(path)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "module", "limit"),
    [("json-1.0.json", json_reader, "LARGEST_JSON"), ("generic-2.1.xml", xml_reader, "LARGEST_XML")],
)
def test_a_message_that_is_parsed_in_memory_has_a_limit_and_csv_is_advised(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: Any, limit: str
) -> None:
    monkeypatch.setattr(module, limit, 100)
    with pytest.raises((InputError, TooLarge), match="format: csv"):
        _rows(folder / name)


def test_a_parser_that_needs_too_much_memory_is_ended_with_a_clear_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_reader, "MOST_MEMORY", 1_000_000)
    with pytest.raises(TooLarge, match="too large to be read as SDMX-ML"):
        _rows(folder / "generic-2.1.xml")


def test_without_the_library_xml_names_the_extra_and_another_format(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = tmp_path / "child.py"
    source = Path(xml_reader.__file__).with_name("xml_child.py").read_text("utf-8")
    child.write_text("import sys\nsys.modules['sdmx'] = None\n" + source, "utf-8")
    monkeypatch.setattr(xml_reader, "_CHILD", child)
    with pytest.raises(FetchError, match=r"shihyo\[sdmx\]") as caught:
        _rows(folder / "generic-2.1.xml")
    assert "format: csv" in caught.value.message("ja")


@pytest.mark.parametrize("name", FORMATS[:5])
def test_csv_and_json_are_read_without_the_library(folder: Path, name: str) -> None:
    code = (
        "import sys; sys.modules['sdmx'] = None; from pathlib import Path; from harvesters import Findings;"
        "from harvesters.sdmx.harvester import read_message;"
        f"print(len(list(read_message(Path({str(folder / name)!r}), 'x', Findings()).rows)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5"


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message["data"]["dataSets"][0]["series"]["0:0"]["observations"].update({"9": [1, 0]}),
        lambda message: message["data"]["dataSets"][0]["series"].update({"0:9": {"observations": {"0": [1]}}}),
        lambda message: message["data"]["dataSets"][0]["series"].update({"0": {"observations": {"0": [1]}}}),
        lambda message: message["data"]["dataSets"][0]["series"]["0:0"]["observations"].update({"0": [1, 77]}),
        lambda message: message["data"]["dataSets"][0]["series"].update({"0:0": []}),
    ],
)
def test_a_place_that_is_not_in_its_list_is_an_error_and_not_another_value(
    folder: Path, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    message = json.loads((folder / "json-1.0.json").read_text("utf-8"))
    change(message)
    path = tmp_path / "lying.json"
    path.write_text(json.dumps(message), "utf-8")
    with pytest.raises(InputError, match="SDMX-JSON"):
        _rows(path)
