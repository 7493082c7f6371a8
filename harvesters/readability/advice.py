"""Rules that the sample checker leaves out of the score: what a table alone does not show.

We look at them as far as files show it, and never take points for them: L1-09 (blank or zero), L3-02 (code table),
L3-03 (special symbols), L3-07 (other years' files), L3-08 (definitions, encoding). What is said about a file beside it
comes as :class:`~harvesters.readability.result.Described`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from catalog.errors import Label
from harvesters.readability.layout import MISSING
from harvesters.readability.level3 import holds_area_codes
from harvesters.readability.result import Check, Look, Result
from harvesters.readability.sheet import shown

#: symbols that statistics use for a value that is missing, hidden or nil
SYMBOLS = MISSING | frozenset({"−", "‐", "...", "・・・", "・", "χ", "Χ", "ｘ", "Ｘ", "△", "***", "**"})
#: a code: a few letters, digits, underscores or hyphens, with a digit or an underscore in it
_CODE = re.compile(r"^(?=.*[\d_])[A-Za-z0-9_\-]{1,12}$")
#: a name that programs can use as it is
PHYSICAL_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
#: distinct texts that a column of codes may have, if its name does not say that they are codes
_MOST_CODES = 50
_CODED_NAME = re.compile(r"(コード|code|区分|回答|問\d|^q\d)", re.IGNORECASE)


def blank_or_zero(look: Look) -> Result:
    """L1-09: blanks beside several zeros in a column of numbers."""
    result = Result("L1-09", 0.0)
    layout = look.table.layout
    for column in look.columns:
        times = Counter(shown(one).strip() for one in look.sheet.column(column, layout.top, layout.bottom))
        numbers = {one: n for one, n in times.items() if _is_number(one)}
        filled = times.total() - times[""]
        blanks, zeros = times[""], sum(n for one, n in numbers.items() if float(one.replace(",", "")) == 0)
        mostly = filled and sum(numbers.values()) / filled >= 0.7
        if times.total() >= 3 and mostly and blanks and zeros >= 2:
            what = Label(f"空白が{blanks}、0が{zeros}ある", f"{blanks} blanks and {zeros} zeros")
            result.add(look.breach(layout.top, column, what, None, "warning"))
    return result


def _is_number(text: str) -> bool:
    try:
        return text != "" and float(text.replace(",", "")) is not None
    except ValueError:
        return False


def code_table(look: Look) -> Result:
    """L3-02: columns of codes that nobody explains."""
    result = Result("L3-02", 0.0)
    explained = look.described.coded if look.described else frozenset()
    for column, name in look.names():
        explains_itself = name in explained or holds_area_codes(look, column)
        if not explains_itself and _holds_codes(name, set(look.body(column))):
            what = Label("コードの意味が示されていない", "Codes that are not explained")
            result.add(look.breach(look.header_row or 0, column, what, name, "warning"))
    return result


def _holds_codes(name: str, texts: set[str]) -> bool:
    if not texts or not all(map(_CODE.match, texts)):
        return False
    return _CODED_NAME.search(name) is not None or (len(texts) <= _MOST_CODES and not all(map(_is_number, texts)))


def symbols(look: Look) -> Result:
    """L3-03: symbols in columns of numbers that nobody explains."""
    result = Result("L3-03", 0.0)
    explained = look.described.symbols if look.described else frozenset()
    for column in look.columns:
        texts = set(look.body(column))
        unknown = sorted((texts & SYMBOLS) - explained)
        if not unknown or not any(map(_is_number, texts)):
            continue
        for one in unknown:
            row = next(
                row
                for row in range(look.table.layout.top, look.table.layout.bottom + 1)
                if look.sheet.text(row, column) == one
            )
            what = Label("記号の意味が示されていない", "A symbol that is not explained")
            result.add(look.breach(row, column, what, one, "warning"))
    return result


def history(look: Look) -> Result:
    """L3-08: no description beside the file, names that programs cannot use, columns without definition."""
    result = Result("L3-08", 0.0)
    if look.described is None:
        result.add(
            look.breach_at("", Label("説明の文書（datapackage.jsonなど）がない", "No description beside the file"))
        )
        return result
    if not look.described.history:
        result.add(
            look.breach_at("", Label("更新日か文字コードの説明がない", "Neither date nor encoding is described"))
        )
    for column, name in look.names():
        if name not in look.described.defined:
            what = Label("項目の定義がない", "The column is not defined")
            result.add(look.breach(look.header_row or 0, column, what, name, "warning"))
    return result


def same_layout(_: Look) -> Result:
    """L3-07 of one file alone: nothing to compare with."""
    return Result("L3-07", 0.0)


def compare_layouts(layouts: Sequence[tuple[str, Sequence[str]]]) -> list[Label]:
    """Return how the column names of files of the same data differ.

    Parameters
    ----------
    layouts
        Name of a file and its column names, in the order of the files.
    """
    found = []
    for name, columns in layouts[1:]:
        first, reference = layouts[0]
        common = set(reference) & set(columns)
        if len(common) < 0.8 * len(set(reference) | set(columns)):
            found.append(
                Label(f"「{name}」は「{first}」と項目名が大きく違う", f"{name} has other column names than {first}")
            )
        elif [one for one in columns if one in common] != [one for one in reference if one in common]:
            found.append(
                Label(f"「{name}」は「{first}」と列の順が違う", f"{name} has another order of columns than {first}")
            )
    return found


CHECKS: dict[str, Check] = {
    "L1-09": blank_or_zero,
    "L3-02": code_table,
    "L3-03": symbols,
    "L3-07": same_layout,
    "L3-08": history,
}
