"""Options of every kind whose figures are mapped by declaration, and the dataset that they describe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.errors import ConfigurationError, Label, Place
from catalog.model import LICENSES, TOTAL, Dataset, DataStructure, Dimension
from catalog.reference import Reference
from harvesters.base import HarvestSource
from harvesters.mapping.declaration import MAPPING, Breakdown, TableMapping
from harvesters.mapping.fields import Codes
from harvesters.mapping.times import FREQUENCIES
from harvesters.options import SHARE, TEXT, TEXTS, Option
from harvesters.readers.declared import FIGURE_OPTIONS
from harvesters.survey.dataset import NAME, OPTIONS, SYNTHETIC, SYNTHETIC_KEYWORDS
from harvesters.survey.groups import TITLES

_SHARED = {one.name: one for one in OPTIONS}
_TOTAL = Label("総数", "Total")

#: options of every kind whose figures are mapped by declaration
MAPPING_OPTIONS: tuple[Option, ...] = (
    Option(
        name="mapping",
        type=MAPPING,
        default=None,
        help=Label(
            "列と指標・地域・時点・値の対応。必須", "What the columns are: indicator, area, period, value; required"
        ),
    ),
    Option(
        name="dataset",
        type=NAME,
        default=None,
        help=Label(
            "作るデータセットの名前。なければ収集元の名前。変えると別のデータセットになる",
            "Name of the dataset to make, that of the source if absent; another name makes another dataset",
        ),
    ),
    Option(
        name="dataset_title",
        type=_SHARED["dataset_title"].type,
        default=None,
        help=Label("データセットの題名。なければ収集元の題名", "Title of the dataset; that of the source if absent"),
    ),
    Option(
        name="dataset_description",
        type=_SHARED["dataset_description"].type,
        default=None,
        help=Label(
            "データセットの説明。なければ題名と指標から作る",
            "Description of the dataset; made of title and indicators if absent",
        ),
    ),
    _SHARED["landing_page"],
    _SHARED["citation"],
    Option(
        name="keywords",
        type=TEXTS,
        default=("指標", "統計", "オープンデータ"),
        help=Label("データセットのキーワード", "Keywords of the dataset"),
    ),
    Option(
        name="license",
        type=TEXT,
        default="cc-by",
        help=Label("ライセンス", "Licence"),
        allowed=tuple(LICENSES),
    ),
    _SHARED["synthetic"],
    Option(
        name="area",
        type=TEXT,
        default=None,
        help=Label(
            "データの地域の団体コード（6桁）。地域の列があれば、その中の短い名称（中央区など）を読むのに使う",
            "Six-digit code of the area that the figures are about; with a column of areas it explains short names",
        ),
    ),
    *(one for one in FIGURE_OPTIONS if one.name in {"legend", "markers"}),
    Option(
        name="max_rejected",
        type=SHARE,
        default=0.05,
        help=Label(
            "使えない行がこの割合を超えるファイルは公開しない",
            "A file of which more than this share of rows cannot be used is not published",
        ),
    ),
)


def mapping_of(source: HarvestSource) -> TableMapping:
    """Return the mapping of a source.

    Raises
    ------
    ConfigurationError
        If it declares none.
    """
    found: TableMapping | None = source.options["mapping"]
    if found is None:
        raise _missing(
            source,
            "mapping",
            Label("列の対応 mapping がありません", "The options lack mapping"),
            Label(
                "docs/harvesting.md の csv の例に合わせて書いてください",
                "Write it as the example under csv in docs/harvesting.md shows",
            ),
        )
    return found


def breakdown_codes(mapping: TableMapping, reference: Reference) -> dict[str, Codes]:
    """Return breakdown -> its codes, with the labels that the product or the mapping knows."""
    return {one.id: Codes(one.id, _known_labels(one, reference)) for one in mapping.breakdowns}


def _known_labels(one: Breakdown, reference: Reference) -> dict[str, Label]:
    listed = reference.codelists[one.id].labels if one.id in reference.codelists else {}
    return {TOTAL: _TOTAL, **listed, **one.labels}


def describe(source: HarvestSource, mapping: TableMapping, reference: Reference) -> Dataset:
    """Return the dataset as it is known before anything is read.

    Raises
    ------
    ConfigurationError
        If neither the source nor its organisation names a page.
    """
    options, publisher = source.options, source.publisher
    title: Label = options["dataset_title"] or source.title
    indicators = declared_codes(mapping, "indicator")
    description: Label = options["dataset_description"] or _description(title, indicators, reference)
    citation = options["citation"] or Label(
        f"出典：{publisher.label.ja}「{title.ja}」", f"Source: {publisher.label.en}, {title.en}"
    )
    if options["synthetic"]:
        title = Label(f"{title.ja}（合成データ）", f"{title.en} (synthetic)")
        description = Label(f"{SYNTHETIC.ja}\n\n{description.ja}", f"{SYNTHETIC.en}\n\n{description.en}")
    page = options["landing_page"] or publisher.url
    if page is None:
        raise _missing(
            source,
            "landing_page",
            Label("データのページ landing_page がありません", "The options lack landing_page"),
            Label(
                "options に landing_page: https://… を書くか、organisations の組織に url を書いてください",
                "Write landing_page: https://... in the options, or url of the organisation in organisations",
            ),
        )
    area = options["area"]
    return Dataset(
        name=options["dataset"] or source.name,
        title=title,
        description=description,
        publisher=publisher,
        creator=publisher,
        contact=publisher,
        license=LICENSES[options["license"]],
        citation=citation,
        landing_page=page,
        keywords=(*(SYNTHETIC_KEYWORDS if options["synthetic"] else ()), *options["keywords"]),
        indicators=indicators,
        frequency=_frequency(mapping),
        spatial=(area,) if area else declared_codes(mapping, "area"),
        structure=DataStructure(tuple(dimension(one, (), {}, reference) for one in mapping.breakdowns)),
        synthetic=options["synthetic"],
    )


def dimension(one: Breakdown, used: Iterable[str], codes: dict[str, Label], reference: Reference) -> Dimension:
    """Return a breakdown with the total and the codes that are used, in the order of lists and of the declaration."""
    listed = list(reference.codelists[one.id].ids) if one.id in reference.codelists else []
    order = [TOTAL, *listed, *one.labels, *one.source.codes.values()]
    ordered = sorted(set(used) - {TOTAL}, key=lambda code: (_place(order, code), code))
    label = one.title or TITLES.get(one.id) or _title(one, reference)
    return Dimension(one.id, label, {TOTAL: one.labels.get(TOTAL, _TOTAL), **{code: codes[code] for code in ordered}})


def _title(one: Breakdown, reference: Reference) -> Label:
    listed = reference.codelists.get(one.id)
    heading = one.source.columns[0] if one.source.columns else one.id
    return listed.label if listed is not None else Label(heading, one.id.replace("_", " ").capitalize())


def _place(order: Sequence[str], code: str) -> int:
    return order.index(code) if code in order else len(order)


def declared_codes(mapping: TableMapping, field: str) -> tuple[str, ...]:
    """Return the codes of a field that the mapping names, sorted."""
    found: set[str] = set()
    for one in mapping.sources_of(field):
        found |= {one.const} if one.const is not None else set(one.codes.values())
    return tuple(sorted(found))


def _frequency(mapping: TableMapping) -> str:
    found = {FREQUENCIES.get(one.form or "", "I") for one in mapping.sources_of("period")}
    return found.pop() if len(found) == 1 else "I"


def _description(title: Label, indicators: Sequence[str], reference: Reference) -> Label:
    labels = [reference.indicator_set.get_indicator(one).label for one in indicators]
    ja = f"「{title.ja}」の表を、列の意味の宣言に従って指標の観測値にしたものです。"
    en = f'The table "{title.en}", turned into observations of indicators as its columns are declared.'
    named = [f"指標: {'、'.join(one.ja for one in labels)}。", f"Indicators: {', '.join(one.en for one in labels)}."]
    tail = Label(
        "読めない行は除き、その数と場所を収集の報告に示しています。",
        "Rows that cannot be read are left out; the report of the harvest counts and names them.",
    )
    return Label(f"{ja}{named[0] if labels else ''}{tail.ja}", f"{en} {named[1] + ' ' if labels else ''}{tail.en}")


def _missing(source: HarvestSource, option: str, what: Label, next_step: Label) -> ConfigurationError:
    return ConfigurationError(
        f"収集元「{source.name}」: {what.ja}",
        f"{source.name}: {what.en}",
        next_step=next_step,
        place=Place(file=source.file.name, cell=f"{source.name}.options.{option}"),
        key=f"{source.name}.options.{option}",
    )
