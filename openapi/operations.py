"""The operations of the API, one row each: routes, parsing of requests, answers and the document derive from it.

``api`` binds one view to each row and fails to start if a row has none. An example is a request that really works: a
test sends every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from marshmallow import Schema

from openapi import components as c
from openapi import parameters as p
from openapi.fields import Text

#: path under which all operations are
BASE = "/api/v1"

#: path parameter -> what it is and how it looks
PATH_PARAMETERS = {
    "indicator": (Text("指標のID", "Id of the indicator"), "[a-z0-9][a-z0-9-]{0,79}"),
    "smart": (Text("スマートのID", "Id of the Smart"), "[a-z][a-z0-9-]{0,79}"),
    "code": (
        Text("全国地方公共団体コード。5桁も読む", "Local-government code; five digits are read too"),
        "[0-9]{4,6}",
    ),
    "name": (Text("データセット名", "Name of the dataset"), "[a-z0-9][a-z0-9_-]{0,79}"),
    "version": (
        Text("版。`1.4.2`、`1.4.*`、`1.*`、`latest`", "Version: `1.4.2`, `1.4.*`, `1.*` or `latest`"),
        p.VERSION,
    ),
    "service": (Text("サービスのID", "Id of the service"), "[a-z0-9][a-z0-9-]{0,79}"),
    "filename": (Text("ファイル名", "File name"), "[A-Za-z0-9][A-Za-z0-9_.-]{0,199}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request that works on the sample data."""

    #: name of the example, unique in its operation
    name: str
    #: what it shows
    summary: Text
    #: values of the path parameters
    path: Mapping[str, str] = field(default_factory=dict)
    #: values of the query parameters
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked."""

    #: operationId; the view is bound to it
    id: str
    #: path below :data:`BASE`
    path: str
    #: what it answers, in a few words
    summary: Text
    #: group in the document
    tag: str
    #: what the request may say
    parameters: type[Schema] = p.NoParameters
    #: what the answer looks like in JSON; None if it is a file
    answer: type[Schema] | None
    #: other media types of the answer
    other_types: tuple[str, ...] = ()
    #: requests that work
    examples: tuple[Example, ...]
    #: more to know, or None
    description: Text | None = None

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names of the path parameters, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def problem_statuses(self) -> tuple[str, ...]:
        """Statuses of its problems: any parameter is wrong or unknown, an id is, none of its types is accepted."""
        return ("400", *(["404"] if self.has_ids else []), "406")

    @property
    def has_ids(self) -> bool:
        """Whether the request names something that may not exist."""
        return bool(self.path_parameters) or self.tag == "observations"

    @property
    def media_types(self) -> tuple[str, ...]:
        """All media types of the answer."""
        return (*(["application/json"] if self.answer else []), *self.other_types)


CSV = "text/csv"

_OBSERVATIONS = Text(
    "コンマは「または」、異なるパラメーターは「かつ」。名前のない内訳は絞らない（計 `_T` と内訳の両方が返る）。"
    "知らないパラメーターや値はエラーになり、近いものを示す。空の結果は200で、`meta.availability` が理由を示す。",
    "A comma means or, different parameters are combined with and. A breakdown that is not named is not restricted: "
    "the total `_T` and its parts all come. An unknown parameter or value is an error that names the nearest. "
    "An empty answer is a 200 with the reason in `meta.availability`.",
)
_ONE_RELEASE = Text(
    "indicator か dataset のどちらかを指定する。ひとつの応答はひとつのリリースの値だけを持つ。",
    "Name an indicator or a dataset. One answer has values of one release only.",
)


def _one(name: str, ja: str, en: str, path: Mapping[str, str] | None = None, **query: str) -> Example:
    return Example(name=name, summary=Text(ja, en), path=path or {}, query=query)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="showIndex",
        path="",
        summary=Text("入口", "Entrance"),
        tag="node",
        answer=c.single(c.IndexSchema),
        examples=(_one("index", "入口", "Entrance"),),
    ),
    Operation(
        id="listIndicators",
        path="/indicators",
        summary=Text("指標の一覧", "List of indicators"),
        tag="indicators",
        parameters=p.IndicatorListParameters,
        answer=c.listing(c.IndicatorSchema, c.IndicatorMetaSchema),
        examples=(
            _one("cityhall", "市役所がスマート！の指標", "Indicators of one Smart", smart="cityhall"),
            _one("word", "語で探す", "Find by a word", q="カード", kind="objective"),
        ),
    ),
    Operation(
        id="showIndicator",
        path="/indicators/{indicator}",
        summary=Text("指標", "One indicator"),
        tag="indicators",
        answer=c.single(c.IndicatorSchema),
        examples=(_one("kpi-12", "マイナンバーカード", "My Number cards", {"indicator": "kpi-12"}),),
    ),
    Operation(
        id="listIndicatorObservations",
        path="/indicators/{indicator}/observations",
        summary=Text("指標の観測値", "Observations of an indicator"),
        description=_OBSERVATIONS,
        tag="observations",
        parameters=p.IndicatorObservationParameters,
        answer=c.listing(c.ObservationSchema, c.ObservationMetaSchema),
        other_types=(CSV,),
        examples=(
            _one(
                "chiba-2021",
                "千葉市の2021年",
                "Chiba City in 2021",
                {"indicator": "kpi-12"},
                area="121002",
                time="2021",
            ),
            _one("csv", "CSVで", "As CSV", {"indicator": "kpi-12"}, area="121002", time="2021", format="csv"),
            _one(
                "latest",
                "最新、名称つき、値の大きい順",
                "The latest, with names, the largest first",
                {"indicator": "kpi-12"},
                time="latest",
                labels="both",
                sort="-value",
                limit="5",
            ),
            _one(
                "age",
                "別のデータセットの内訳",
                "A breakdown of another dataset",
                {"indicator": "kpi-12"},
                dataset="mynumber-age-sex",
                sex="M,F",
                age="_T",
                time="latest",
            ),
            _one("not-collected", "まだ値のない指標", "An indicator without data yet", {"indicator": "kpi-01"}),
        ),
    ),
    Operation(
        id="listObservations",
        path="/observations",
        summary=Text("観測値", "Observations"),
        description=Text(_OBSERVATIONS.ja + _ONE_RELEASE.ja, f"{_OBSERVATIONS.en} {_ONE_RELEASE.en}"),
        tag="observations",
        parameters=p.AllObservationParameters,
        answer=c.listing(c.ObservationSchema, c.ObservationMetaSchema),
        other_types=(CSV,),
        examples=(
            _one("indicator", "指標で", "By indicator", indicator="kpi-13", time="latest"),
            _one(
                "dataset",
                "データセットで",
                "By dataset",
                dataset="mynumber-prefectures",
                area="120006",
                time="latest:3",
            ),
        ),
    ),
    Operation(
        id="listPairs",
        path="/pairs",
        summary=Text("主観指標と客観指標の対", "Pairs of subjective and objective indicators"),
        tag="indicators",
        answer=c.listing(c.PairSchema),
        examples=(_one("pairs", "すべての対", "All pairs"),),
    ),
    Operation(
        id="listDatasets",
        path="/datasets",
        summary=Text("データセットの一覧", "List of datasets"),
        tag="datasets",
        answer=c.listing(c.DatasetSchema),
        examples=(_one("datasets", "すべて", "All of them"),),
    ),
    Operation(
        id="showDataset",
        path="/datasets/{name}",
        summary=Text("データセット", "One dataset"),
        tag="datasets",
        answer=c.single(c.DatasetSchema),
        examples=(_one("mynumber", "市区町村別", "By municipality", {"name": "mynumber-municipalities"}),),
    ),
    Operation(
        id="listReleases",
        path="/datasets/{name}/releases",
        summary=Text("リリースの一覧、新しい順", "Releases of a dataset, the newest first"),
        tag="datasets",
        answer=c.listing(c.ReleaseSummarySchema),
        examples=(_one("mynumber", "市区町村別", "By municipality", {"name": "mynumber-municipalities"}),),
    ),
    Operation(
        id="showRelease",
        path="/datasets/{name}/releases/{version}",
        summary=Text("リリース", "One release"),
        tag="datasets",
        answer=c.single(c.ReleaseSchema),
        examples=(
            _one("latest", "最新", "The latest", {"name": "mynumber-municipalities", "version": "latest"}),
            _one("line", "1.x の最新", "The newest 1.x", {"name": "procedures-online", "version": "1.*"}),
        ),
    ),
    Operation(
        id="downloadFile",
        path="/datasets/{name}/releases/{version}/files/{filename}",
        summary=Text("リリースのファイル", "A file of a release"),
        description=Text(
            "latest のURLは変わらず、転送もしない。応答の Link が版を固定したURLを示す。Range に対応する。",
            "The URL with latest never changes and redirects nobody; Link names the pinned URL. Ranges are served.",
        ),
        tag="datasets",
        answer=None,
        other_types=("*/*",),
        examples=(
            _one(
                "csv",
                "最新のCSV",
                "The latest CSV",
                {"name": "mynumber-municipalities", "version": "latest", "filename": "mynumber-municipalities.csv"},
            ),
        ),
    ),
    Operation(
        id="describeCsvw",
        path="/datasets/{name}/releases/{version}/csvw.json",
        summary=Text("CSVの列の定義（CSV on the Web）", "Columns of the CSV (CSV on the Web)"),
        tag="datasets",
        answer=None,
        other_types=("application/csvm+json",),
        examples=(_one("latest", "最新", "The latest", {"name": "mynumber-municipalities", "version": "latest"}),),
    ),
    Operation(
        id="describeCroissant",
        path="/datasets/{name}/releases/{version}/croissant.json",
        summary=Text("リリースの記述（Croissant）", "A release for machine learning (Croissant)"),
        tag="datasets",
        answer=None,
        other_types=("application/ld+json",),
        examples=(_one("latest", "最新", "The latest", {"name": "mynumber-municipalities", "version": "latest"}),),
    ),
    Operation(
        id="showReadability",
        path="/datasets/{name}/releases/{version}/readability.json",
        summary=Text("リリースのCSVの機械可読性", "Machine readability of the CSVs of a release"),
        description=Text(
            "「行政データにおける機械可読性に関するルール」の点数と指摘。"
            "scores は datapackage.json を含む点数、bare はファイルだけの点数。",
            "Scores and findings by the government's rule: with datapackage.json, and of the bare file.",
        ),
        tag="datasets",
        answer=None,
        other_types=("application/json",),
        examples=(_one("latest", "最新", "The latest", {"name": "mynumber-municipalities", "version": "latest"}),),
    ),
    Operation(
        id="showReadabilityPage",
        path="/datasets/{name}/releases/{version}/readability.html",
        summary=Text("リリースのCSVの機械可読性（ページ）", "Machine readability of a release, as a page"),
        tag="datasets",
        answer=None,
        other_types=("text/html",),
        examples=(_one("latest", "最新", "The latest", {"name": "mynumber-municipalities", "version": "latest"}),),
    ),
    Operation(
        id="listAreas",
        path="/areas",
        summary=Text("地域の一覧", "List of areas"),
        tag="areas",
        parameters=p.AreaListParameters,
        answer=c.listing(c.AreaSchema, c.FacetMetaSchema),
        examples=(
            _one("wards", "千葉市の区", "The wards of Chiba City", within="121002", level="designated_ward"),
            _one("name", "名称で探す", "Find by name", q="ちば"),
        ),
    ),
    Operation(
        id="showArea",
        path="/areas/{code}",
        summary=Text("地域", "One area"),
        tag="areas",
        answer=c.single(c.AreaDetailSchema),
        examples=(_one("chiba", "千葉市", "Chiba City", {"code": "121002"}),),
    ),
    Operation(
        id="listSmarts",
        path="/smarts",
        summary=Text("スマートの一覧", "List of Smarts"),
        tag="vision",
        answer=c.listing(c.SmartSchema, c.SmartMetaSchema),
        examples=(_one("smarts", "すべて", "All of them"),),
    ),
    Operation(
        id="showSmart",
        path="/smarts/{smart}",
        summary=Text("スマート", "One Smart"),
        tag="vision",
        answer=c.single(c.SmartSchema),
        examples=(_one("living", "暮らし", "Living", {"smart": "living"}),),
    ),
    Operation(
        id="showRoadmap",
        path="/roadmap",
        summary=Text("ロードマップと展開のSTEP", "Roadmap and steps of roll-out"),
        tag="vision",
        answer=c.single(c.RoadmapSchema),
        examples=(_one("roadmap", "すべて", "All of it"),),
    ),
    Operation(
        id="listServices",
        path="/services",
        summary=Text("都市サービスの一覧", "List of city services"),
        tag="services",
        parameters=p.ServiceListParameters,
        answer=c.listing(c.ServiceSchema, c.FacetMetaSchema),
        examples=(
            _one("cityhall", "市役所がスマート！のSTEP 3", "STEP 3 of one Smart", smart="cityhall", step="3"),
            _one("area", "美浜区の実証", "Pilots in one ward", area="121061", phase="pilot"),
        ),
    ),
    Operation(
        id="showService",
        path="/services/{service}",
        summary=Text("都市サービス", "One city service"),
        tag="services",
        answer=c.single(c.ServiceSchema),
        examples=(_one("foryou", "制度のお知らせ", "Notices of programmes", {"service": "foryou"}),),
    ),
    Operation(
        id="showStatus",
        path="/status",
        summary=Text("このノードの状態", "State of this node"),
        tag="node",
        answer=c.single(c.StatusSchema),
        examples=(_one("status", "状態", "State"),),
    ),
)


def get_operation(id: str) -> Operation:
    """Return the operation of this id.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {one.id: one for one in OPERATIONS}[id]
