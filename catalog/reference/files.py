"""Read a file of the reference data and validate it against its JSON Schema (draft 2020-12).

A file is UTF-8: YAML without repeated keys, or CSV with a header in row 1 where an empty cell means "not recorded".
Whatever is wrong raises :class:`~catalog.errors.ReferenceDataError` with ``path`` (JSON Pointer, or row and column),
``value`` and ``rule`` in its context.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from catalog.errors import InvalidPeriod, Label, Place, ReferenceDataError
from catalog.model.codelist import nearest
from catalog.model.period import parse_period

try:
    from yaml import CSafeLoader as _SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

#: a ``jsonschema.ValidationError``; its attributes are typed "anything or unset"
Violation = Any

#: an error shows no more of a value than this
_LONGEST_VALUE = 80


class _Loader(_SafeLoader):
    """YAML's safe loader that refuses repeated keys; the plain one keeps the last and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping, or raise if a key occurs twice."""
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"repeated key {key!r}", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(folder: Traversable, name: str, schema: str) -> dict[str, Any]:
    """Return the validated content of a YAML file.

    Raises
    ------
    ReferenceDataError
        If the file is missing, is no YAML, or breaks the schema.
    """
    text = _read(folder, name)
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise problem(name, where, str(getattr(error, "problem", error)), _YAML_RULE) from error
    _validate(name, raw, schema, _pointer)
    return dict(raw)


def read_csv(folder: Traversable, name: str, schema: str) -> list[dict[str, Any]]:
    """Return the validated rows of a CSV file; an empty cell is None.

    Raises
    ------
    ReferenceDataError
        If the file is missing, a row is longer or shorter than the header, or the rows break the schema.
    """
    header, lines = _lines(name, _read(folder, name))
    for number, line in enumerate(lines, 2):
        if len(line) != len(header):
            raise problem(name, f"row {number}", ",".join(line), _width_rule(len(header)))
    rows = [dict(zip(header, (cell or None for cell in line), strict=True)) for line in lines]
    _validate(name, rows, schema, _cell)
    return rows


def _lines(name: str, text: str) -> tuple[list[str], list[list[str]]]:
    try:
        header, *lines = csv.reader(io.StringIO(text), strict=True)
    except (ValueError, csv.Error) as error:
        raise problem(name, "", str(error), _CSV_RULE) from error
    return header, lines


def problem(file: str, path: str, value: object, rule: Label) -> ReferenceDataError:
    """Return the error for a value of the reference data that breaks a rule."""
    shown = _short(value)
    return ReferenceDataError(
        f"「{shown}」は規則に反します: {rule.ja}",
        f"{shown!r} breaks the rule: {rule.en}",
        next_step=Label(f"{file} を直してください", f"Correct {file}"),
        place=Place(file=file, cell=path or None),
        path=path,
        value=shown,
        rule=rule.to_dict(),
    )


_YAML_RULE = Label("YAMLとして読めること。同じキーは一度だけ", "It can be read as YAML, each key once")

_CSV_RULE = Label("見出し行のあるCSVとして読めること", "It can be read as CSV with a header")


def _width_rule(columns: int) -> Label:
    return Label(f"どの行も{columns}列であること", f"Every row has {columns} columns")


def _read(folder: Traversable, name: str) -> str:
    try:
        return folder.joinpath(name).read_text("utf-8")
    except FileNotFoundError as error:
        raise problem(name, "", name, Label("ファイルがあること", "The file exists")) from error
    except UnicodeDecodeError as error:
        raise problem(name, f"byte {error.start}", name, Label("UTF-8であること", "It is UTF-8")) from error


def _is_period(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_period(value))


@cache
def _validator(schema: str) -> Draft202012Validator:
    text = resources.files("catalog.reference").joinpath("schemas", schema).read_text("utf-8")
    formats = FormatChecker(formats=["date"])
    formats.checks("period", raises=InvalidPeriod)(_is_period)
    return Draft202012Validator(json.loads(text), format_checker=formats)


def _validate(name: str, raw: Any, schema: str, where: Callable[[Iterable[Any]], str]) -> None:
    errors = sorted(_validator(schema).iter_errors(raw), key=lambda one: [str(part) for part in one.absolute_path])
    if errors:
        first = errors[0]
        raise problem(name, where(first.absolute_path), _offender(first), _rule(first))


def _pointer(path: Iterable[Any]) -> str:
    return "".join(f"/{part}" for part in path)


def _cell(path: Iterable[Any]) -> str:
    parts = list(path)
    column = f", column {parts[1]}" if len(parts) > 1 else ""
    return f"row {parts[0] + 2}{column}" if parts else ""


def _offender(error: Violation) -> Any:
    if error.validator == "additionalProperties":
        return ", ".join(_unknown_keys(error))
    return error.instance


def _unknown_keys(error: Violation) -> list[str]:
    return sorted(str(key) for key in error.instance if key not in error.schema["properties"])


def _rule(error: Violation) -> Label:
    describe = _RULES.get(str(error.validator))
    if describe is None:
        return Label(f"スキーマの {error.validator}", f"{error.validator} of the schema: {error.message}")
    return describe(error)


def _required(error: Violation) -> Label:
    missing = ", ".join(key for key in error.validator_value if key not in error.instance)
    return Label(f"キー {missing} が必要です", f"The key {missing} is needed")


def _unknown(error: Violation) -> Label:
    known = list(error.schema["properties"])
    near = nearest(_unknown_keys(error)[0], known)
    meant = Label(f"（{near} のことでは？）", f" (did you mean {near}?)") if near else Label(" ", " ")
    keys = ", ".join(known)
    return Label(f"使えるキーは {keys}{meant.ja}".strip(), f"The keys are {keys}{meant.en}".strip())


def _choice(error: Violation) -> Label:
    allowed = ", ".join(str(one) for one in error.validator_value)
    return Label(f"次のどれかであること: {allowed}", f"It is one of {allowed}")


def _pattern(error: Violation) -> Label:
    return Label(f"形が {error.validator_value} であること", f"It has the form {error.validator_value}")


def _type(error: Violation) -> Label:
    return Label(f"型が {error.validator_value} であること", f"It is of type {error.validator_value}")


def _format(error: Violation) -> Label:
    return _FORMATS[error.validator_value]


def _one_of(error: Violation) -> Label:
    keys = ", ".join(key for choice in error.validator_value for key in choice["required"])
    return Label(f"キー {keys} のちょうど一つがあること", f"It has exactly one of the keys {keys}")


def _least(error: Violation) -> Label:
    return Label(f"少なくとも {error.validator_value} であること", f"It is at least {error.validator_value} (long)")


_FORMATS = {
    "date": Label("実在する日付 YYYY-MM-DD", "A day that exists, as YYYY-MM-DD"),
    "period": Label("時点・期間の書き方（例: 2023、FY2023）", "A period, such as 2023 or FY2023"),
}

#: keyword of the schema -> what it asks for
_RULES: dict[str, Callable[[Violation], Label]] = {
    "required": _required,
    "additionalProperties": _unknown,
    "enum": _choice,
    "pattern": _pattern,
    "type": _type,
    "format": _format,
    "oneOf": _one_of,
    "minimum": _least,
    "minLength": _least,
    "minItems": _least,
}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
