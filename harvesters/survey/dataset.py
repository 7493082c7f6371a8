"""Datasets that are made of what a city hall hands over: their options and their description.

Four kinds share this (survey, crosstab, company_survey, register). Two sources that declare the same ``dataset`` and
the same description write to one dataset, so that a wave that exists as a cross table only stands beside waves with
answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from catalog.errors import ConfigurationError, Label, Place
from catalog.model import Dataset, Dimension, parse_period
from catalog.model.codelist import nearest
from harvesters.base import Context, HarvestSource
from harvesters.describe import describe
from harvesters.options import FLAG, TEXT, Option, OptionType


def _label(raw: Any) -> Label:
    if not isinstance(raw, Mapping) or set(raw) != {"ja", "en"}:
        raise TypeError
    return Label(TEXT.parse(raw["ja"]), TEXT.parse(raw["en"]))


def _name(raw: Any) -> str:
    text: str = TEXT.parse(raw)
    if not (
        2 <= len(text) <= 80 and text.isascii() and text.replace("-", "").replace("_", "").isalnum() and text.islower()
    ):
        raise ValueError
    return text


def _texts_by_text(raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    if any(isinstance(value, bool | Mapping | list) for value in raw.values()):
        raise TypeError  # No and Yes without quotes are no texts in YAML
    return {TEXT.parse(key): TEXT.parse(value if isinstance(value, str) else str(value)) for key, value in raw.items()}


def _codes(raw: Any) -> dict[str, dict[str, str]]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    return {TEXT.parse(role): _texts_by_text(codes) for role, codes in raw.items()}


def _period(raw: Any) -> str:
    return str(parse_period(TEXT.parse(raw)))


def _periods(raw: Any) -> dict[str, str]:
    return {name: str(parse_period(text)) for name, text in _texts_by_text(raw).items()}


LABEL = OptionType("label", Label("{ja: …, en: …} の形", "a text in both languages: {ja: ..., en: ...}"), _label)
NAME = OptionType("name", Label("英小文字・数字・ハイフンの名前", "a name of a-z, 0-9 and hyphens"), _name)
MAPPING = OptionType(
    "mapping",
    Label(
        "{名前: 値} の形（No、Yes、On という値は引用符で囲む）",
        "a mapping of texts: {name: value}, with quotes around the values No, Yes and On",
    ),
    _texts_by_text,
)
CODES = OptionType(
    "codes", Label("{sex: {男性: M}} の形", "labels and their codes by breakdown: {sex: {男性: M}}"), _codes
)
PERIODS = OptionType(
    "periods", Label("{ファイル名: FY2023} の形", "files and their periods: {name of the file: FY2023}"), _periods
)

#: options of every kind whose dataset is described by the source
OPTIONS = (
    Option(
        name="area",
        type=TEXT,
        default=None,
        help=Label(
            "調査・台帳の自治体の全国地方公共団体コード（6桁）。必須",
            "Six-digit code of the local government; required",
        ),
    ),
    Option(
        name="synthetic",
        type=FLAG,
        default=False,
        help=Label(
            "合成データなら true。題名・説明・ファイルにそう示す",
            "True if the figures are made up; title, description and files then say so",
        ),
    ),
    Option(
        name="dataset_title",
        type=LABEL,
        default=None,
        help=Label("データセットの題名。なければ標準の題名", "Title of the dataset; the standard one if absent"),
    ),
    Option(
        name="dataset_description",
        type=LABEL,
        default=None,
        help=Label("データセットの説明。なければ標準の説明", "Description of the dataset; the standard one if absent"),
    ),
    Option(
        name="landing_page",
        type=TEXT,
        default=None,
        help=Label(
            "調査・台帳のページのURL。なければ組織のURL", "Page of the survey or register; the organisation's if absent"
        ),
    ),
    Option(
        name="citation",
        type=LABEL,
        default=None,
        help=Label(
            "出典の書き方（「出典：」で始める）", "How to cite the source; the Japanese text begins with 出典："
        ),
    ),
    Option(
        name="codes",
        type=CODES,
        default=None,
        help=Label(
            "区分の名前とコードの対応。自動で読めないものだけ", "Codes of labels that are not understood by themselves"
        ),
    ),
    Option(
        name="columns",
        type=MAPPING,
        default=None,
        help=Label(
            "列の役割と見出しの対応。なければ見出しから判定",
            "Headings of columns by their role; found by their headings if absent",
        ),
    ),
    Option(
        name="periods",
        type=PERIODS,
        default=None,
        help=Label(
            "ファイルごとの時点（例: FY2023）。なければ表題・ファイル名から判定",
            "Period of each file, such as FY2023; found in titles and names if absent",
        ),
    ),
)

#: what the description of made-up figures begins with
SYNTHETIC = Label("【合成データ】実在の回答や件数ではありません。", "[Synthetic] These are not real answers or counts.")


#: keywords of made-up figures: every catalogue shows them, and a search can narrow down by them
SYNTHETIC_KEYWORDS = ("合成データ", "synthetic data")


def files_option(pattern: str, what: Label) -> Option:
    """Return the option that says which files of the folder are read; ``what`` is in them."""
    return Option(
        name="files",
        type=TEXT,
        default=pattern,
        help=Label(f"{what.ja}のファイル名のパターン", f"Pattern of the names of the files of {what.en}"),
    )


def dataset_option(default: str) -> Option:
    """Return the option that names the dataset."""
    return Option(
        name="dataset",
        type=NAME,
        default=default,
        help=Label(
            "作るデータセットの名前。変えると別のデータセットになる",
            "Name of the dataset to make; another name makes another dataset",
        ),
    )


def describe_declared(
    source: HarvestSource,
    template: str,
    breakdowns: Iterable[Dimension],
    indicators: Iterable[str],
    *,
    name: str | None = None,
) -> Dataset:
    """Return the dataset of a source: the template in ``datasets/`` with what the source declares in its place.

    Raises
    ------
    ConfigurationError
        If no area is declared.
    """
    options, publisher = source.options, source.publisher
    dataset = describe(template, publisher, *breakdowns)
    primary = name is None
    title = options["dataset_title"] if primary and options["dataset_title"] else dataset.title
    described = options["dataset_description"] if primary and options["dataset_description"] else dataset.description
    default = Label(f"出典：{publisher.label.ja}「{title.ja}」", f"Source: {publisher.label.en}, {title.en}")
    if options["synthetic"]:
        title = Label(f"{title.ja}（合成データ）", f"{title.en} (synthetic)")
        described = Label(f"{SYNTHETIC.ja}\n\n{described.ja}", f"{SYNTHETIC.en}\n\n{described.en}")
    keywords = (*(SYNTHETIC_KEYWORDS if options["synthetic"] else ()), *dataset.keywords)
    return replace(
        dataset,
        name=name or options["dataset"],
        title=title,
        description=described,
        creator=publisher,
        citation=options["citation"] or default,
        landing_page=options["landing_page"] or publisher.url or dataset.landing_page,
        keywords=keywords,
        indicators=tuple(indicators),
        spatial=(declared_area(source),),
        synthetic=options["synthetic"],
    )


def declared_area(source: HarvestSource) -> str:
    """Return the area that a source declares.

    Raises
    ------
    ConfigurationError
        If it declares none.
    """
    area: str | None = source.options["area"]
    if area is None:
        raise ConfigurationError(
            f"収集元「{source.name}」の options に area がありません",
            f"The options of {source.name} lack area",
            next_step=Label(
                "全国地方公共団体コードを書いてください（例: '121002'）",
                "Give the code of the local government, such as '121002'",
            ),
            place=Place(file=source.file.name, cell=f"{source.name}.options.area"),
            key=f"{source.name}.options.area",
        )
    return area


def check_columns(source: HarvestSource, roles: Iterable[str]) -> None:
    """Refuse roles in the option ``columns`` that do not exist.

    Raises
    ------
    ConfigurationError
        For the first such role; names those that exist.
    """
    allowed = [*roles]
    for role in source.options["columns"] or {}:
        if role not in allowed:
            raise ConfigurationError(
                f"options の columns の「{role}」という役割はありません",
                f"There is no role {role!r} for the option columns",
                next_step=Label(f"役割: {'、'.join(allowed)}", f"Roles: {', '.join(allowed)}"),
                place=Place(file=source.file.name, cell=f"{source.name}.options.columns"),
                value=role,
                allowed=allowed,
                nearest=nearest(role, allowed),
            )


def checked_area(context: Context) -> str:
    """Return the declared area after looking it up.

    Raises
    ------
    UnknownCode
        If there is no such area.
    """
    return context.reference.areas.get(declared_area(context.source)).code
