"""The reference data is read once, and whatever is wrong with a file is told with file, path, value and rule."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from catalog.errors import InvalidAreaCode, ReferenceDataError
from catalog.model.area import ParsedAreaCode, parse_area_code
from catalog.reference import Reference, load_reference, read_reference

Break = Callable[[str, str, str], ReferenceDataError]

INDICATORS, VISION, AREAS = "indicators.yml", "vision.yml", "areas.csv"


def test_the_reference_data_is_read_once_in_a_process() -> None:
    assert load_reference() is load_reference()


def test_nothing_is_read_at_import() -> None:
    code = "from catalog.reference import load_reference as load; print(load.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "0"


def test_a_folder_of_the_same_form_gives_the_same_data(folder: Path, reference: Reference) -> None:
    assert read_reference(folder) == reference


def test_the_code_lists_cannot_be_changed(reference: Reference) -> None:
    with pytest.raises(TypeError):
        reference.codelists["age"] = reference.codelists["sex"]  # type: ignore[index]


def test_every_data_file_is_in_the_package(root: Path) -> None:
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg", encoding="utf-8")
    patterns = [one.strip() for one in config["options.package_data"]["*"].split(",")]
    package = root / "catalog/reference"
    files = [
        path.relative_to(package).as_posix() for path in package.rglob("*") if path.suffix in {".yml", ".csv", ".json"}
    ]

    assert len(files) > 15
    assert [one for one in files if not any(_matches(one, pattern) for pattern in patterns)] == []


def _matches(file: str, pattern: str) -> bool:
    return file.count("/") == pattern.count("/") and fnmatch(file, pattern)


def _rule(error: ReferenceDataError) -> str:
    return str(error.context["rule"]["en"])


@pytest.mark.parametrize(
    ("file", "old", "new", "path", "value", "rule"),
    [
        (INDICATORS, "kind: objective", "kind: objektive", "/indicators/0/kind", "objektive", "subjective, objective"),
        (INDICATORS, "direction: up", "dirction: up", "/indicators/0", "", "The key direction is needed"),
        (INDICATORS, "unit: PT\n", "unit: PT\n    unti: PT\n", "/indicators/0", "unti", "did you mean unit?"),
        (INDICATORS, "number: 1\n", "number: one\n", "/indicators/0/number", "one", "of type integer"),
        (INDICATORS, "number: 1\n", "number: 0\n", "/indicators/0/number", "0", "at least 1"),
        (INDICATORS, 'valid_from: "2023"', 'valid_from: "2023-04"', "/valid_from", "2023-04", "FY2023"),
        (INDICATORS, "id: kpi-12.issued", "id: KPI-12", "/definitions/0/id", "KPI-12", "It has the form"),
        (INDICATORS, "    primary_dataset: procedures-online\n", "", "/indicators/12", "", "exactly one of the keys"),
        (VISION, "page: 17", "page: seventeen", "/smarts/0/page", "seventeen", "of type integer"),
        (VISION, "en: Overall", 'en: ""', "/groups/0/label/en", "", "at least 1"),
        (AREAS, "120006,12000", "12006,12000", "row 612, column area_code", "12006", "[0-9]{6}"),
        (AREAS, "1981-04-01", "1981-04-31", "column valid_from", "1981-04-31", "A day that exists"),
        (AREAS, "designated_ward", "ward", "column level", "ward", "designated_ward"),
        ("codelists.yml", "id: age", "id: AGE", "/codelists/2/id", "AGE", "[a-z_]"),
        ("codelists/obs_status.csv", "either", "maybe", "row 2, column value", "maybe", "required, forbidden, either"),
    ],
)
def test_a_file_that_breaks_its_schema_is_told_with_path_value_and_rule(
    break_reference: Break, file: str, old: str, new: str, path: str, value: str, rule: str
) -> None:
    error = break_reference(file, old, new)

    assert error.place is not None
    assert error.place.file == file
    assert path in error.context["path"]
    assert value in error.context["value"]
    assert rule in _rule(error)
    assert file in error.message("ja")


@pytest.mark.parametrize(
    ("file", "old", "new", "path", "rule"),
    [
        (INDICATORS, "target_states: [living-1]", "target_states: [living-9]", "kpi-04/target_states", "living-1"),
        (INDICATORS, "target_states: [living-1]", "target_states: [town-1]", "kpi-04/target_states", "living-1"),
        (INDICATORS, "target_states: []", "target_states: [living-1]", "kpi-01/target_states", "It is one of"),
        (INDICATORS, "smart: overall", "smart: outside", "/indicators/kpi-01/smart", "overall, living"),
        (INDICATORS, "unit: PT", "unit: PC", "kpi-01/definitions/kpi-01.draft/unit", "PT"),
        (INDICATORS, "number: 3\n", "number: 30\n", "/indicators/2", "Here stands 3, kpi-03"),
        (INDICATORS, "id: kpi-12.issued", "id: kpi-13.issued", "kpi-12/definitions", "It begins with kpi-12."),
        (INDICATORS, "id: kpi-12.issued", "id: kpi-12.possession", "kpi-12/definitions", "It occurs once"),
        (INDICATORS, "subjective: kpi-05", "subjective: kpi-04", "/pairs/5-4/subjective", "kpi-05"),
        (INDICATORS, "objective: kpi-04", "objective: kpi-99", "/pairs/5-4/objective", "kpi-04"),
        (INDICATORS, "- id: 5-4", "- id: 4-5", "/pairs/4-5/id", "It is 5-4"),
        (INDICATORS, "- id: 9-8", "- id: 5-4", "/pairs", "It occurs once"),
        (INDICATORS, "comparability: C", "comparability: B", "/pairs/10-11/comparability", "C exactly if"),
        (INDICATORS, "same_respondents: true", "same_respondents: false", "/pairs/5-4/comparability", "A needs"),
        (INDICATORS, "pairs: 5}", "pairs: 6}", "/totals/pairs", "There are 5 pairs"),
        (VISION, "living: 6", "living: 7", "/totals/target_states", "'living': 6"),
        (VISION, "themes: 10", "themes: 11", "/totals/themes", "There are 10 themes"),
        (VISION, "- id: living-2", "- id: living-3", "/smarts/living/target_states", "living-2"),
        (VISION, "  - {id: working,", "  - {id: labour,", "/groups", "then the Smarts"),
        (VISION, "horizon: now", "horizon: soon", "/roadmap/technology-use", "now, 5, 10, 20"),
        (VISION, "number: 2", "number: 3", "/steps/1", "This is step 2"),
        (AREAS, "121011,12101", "121012,12101", "row 614, column area_code", "121011"),
        (AREAS, "121011,12101", "121011,12102", "column standard_code", "first five digits"),
        (AREAS, "121029,12102", "121011,12101", "area_code", "It occurs once"),
        (AREAS, "designated_ward,121002", "designated_ward,120006", "column parent", "designated_city"),
        (AREAS, "designated_ward,121002", "designated_ward,131000", "column parent", "designated_city"),
        (AREAS, "country,,", "country,120006,", "row 2, column parent", "level above"),
        ("codelists/sex.csv", "F,女", "M,女", "code", "It occurs once"),
        ("codelists/obs_status.csv", "Time series break,either", "Time series break,", "value", "one of"),
        ("codelists/level.csv", "municipality", "commune", "code", "It has municipality"),
    ],
)
def test_what_files_say_of_each_other_is_checked(
    break_reference: Break, file: str, old: str, new: str, path: str, rule: str
) -> None:
    error = break_reference(file, old, new)

    assert path in error.context["path"]
    assert rule in _rule(error)


def test_a_lost_indicator_is_noticed(break_reference: Break, folder: Path) -> None:
    text = (folder / INDICATORS).read_text("utf-8")
    last = text[text.index("  - id: kpi-14") : text.index("\npairs:")]

    error = break_reference(INDICATORS, last, "")

    assert error.context["path"] == "/totals/indicators"
    assert _rule(error) == "There are 13 indicators"


def test_a_repeated_key_is_refused(break_reference: Break) -> None:
    error = break_reference(INDICATORS, 'version: "0"', 'version: "0"\nversion: "1"')

    assert "repeated key 'version'" in error.context["value"]
    assert error.context["path"] == "line 3"


def test_what_is_no_yaml_is_refused_with_its_line(break_reference: Break) -> None:
    error = break_reference(VISION, "smarts:", "smarts: [")

    assert error.context["path"].startswith("line ")
    assert "YAML" in _rule(error)


def test_yaml_cannot_make_objects(break_reference: Break) -> None:
    error = break_reference(VISION, "themes: 10", "themes: !!python/object/apply:os.getcwd []")

    assert "YAML" in _rule(error)


def test_a_row_that_is_too_long_is_refused(break_reference: Break) -> None:
    error = break_reference(AREAS, "Japan,", "Japan,,")

    assert (error.context["path"], _rule(error)) == ("row 2", "Every row has 10 columns")


def test_an_open_quote_is_refused(break_reference: Break) -> None:
    error = break_reference("codelists/sex.csv", "F,女,Female", 'F,女,"Female')

    assert "CSV" in _rule(error)


def test_an_empty_file_is_refused(folder: Path) -> None:
    (folder / AREAS).write_text("", "utf-8")

    with pytest.raises(ReferenceDataError) as caught:
        read_reference(folder)
    assert "CSV with a header" in _rule(caught.value)


def test_a_header_without_rows_is_refused(folder: Path) -> None:
    path = folder / AREAS
    path.write_text(path.read_text("utf-8").split("\n")[0] + "\n", "utf-8")

    with pytest.raises(ReferenceDataError) as caught:
        read_reference(folder)
    assert "at least 1" in _rule(caught.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "codelists/age.csv").unlink()

    with pytest.raises(ReferenceDataError) as caught:
        read_reference(folder)
    assert caught.value.place is not None
    assert caught.value.place.file == "codelists/age.csv"
    assert _rule(caught.value) == "The file exists"


def test_a_file_in_another_encoding_is_refused(folder: Path) -> None:
    path = folder / AREAS
    path.write_bytes(path.read_text("utf-8").encode("cp932", "ignore"))

    with pytest.raises(ReferenceDataError) as caught:
        read_reference(folder)
    assert _rule(caught.value) == "It is UTF-8"


def test_an_error_shows_no_more_than_the_beginning_of_a_long_value(break_reference: Break) -> None:
    error = break_reference(AREAS, ",チバケン,", f",{'x' * 1000},")

    assert len(error.context["value"]) < 100
    assert len(error.message("ja")) < 400


def test_the_code_of_the_documentation_runs(root: Path) -> None:
    text = (root / "docs/reference-data.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", "\n".join(blocks)], capture_output=True, check=True)
    printed = done.stdout.decode("utf-8")

    for shown in re.findall(r"print\(.*\)\s+# (.*)", "\n".join(blocks)):
        assert shown in printed


def test_the_documented_repairs_are_those_of_the_code(root: Path) -> None:
    text = (root / "docs/reference-data.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| `(\d{6})` \| `?([a-z_+]*)`? ?\|$", text, re.MULTILINE)

    assert len(rows) == 7
    for given, code, repaired in rows:
        assert parse_area_code(given) == ParsedAreaCode(code, repaired or None)


def test_the_documented_numbers_of_ambiguous_codes_are_counted(root: Path, reference: Reference) -> None:
    shortened = [one.code[1:] for one in reference.areas if one.code.startswith("0") and one.level != "country"]
    without_list = sum(_is_ambiguous(parse_area_code, text) for text in shortened)
    with_list = sum(_is_ambiguous(reference.areas.parse_code, text) for text in shortened)

    expected = f"Of the {len(shortened)} codes that begin with 0, {without_list} can be read both ways; {with_list} of"
    assert expected in (root / "docs/reference-data.md").read_text("utf-8")


def _is_ambiguous(parse: Callable[[str], ParsedAreaCode], text: str) -> bool:
    try:
        parse(text)
    except InvalidAreaCode as error:
        return "allowed" in error.context
    return False


def test_every_schema_is_a_valid_schema_of_draft_2020_12(root: Path) -> None:
    paths = sorted((root / "catalog/reference/schemas").glob("*.json"))

    assert paths
    for path in paths:
        Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


def test_the_schema_explains_every_field_of_an_indicator(root: Path) -> None:
    schema = json.loads((root / "catalog/reference/schemas/indicators.schema.json").read_text("utf-8"))

    for name in ("indicator", "definition", "pair"):
        fields = schema["$defs"][name]["properties"]
        assert [key for key, field in fields.items() if not field.get("description")] == []
