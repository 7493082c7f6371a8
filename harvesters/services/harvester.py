"""The registry of city services: one file (YAML, JSON, or a table such as XLSX), one record a service.

A record that cannot be read, or that names a code, area, indicator or target state that does not exist, is left out and
says why; the others are published. A STEP that does not fit the rest of the record, a trial that ended without an
evaluation, and data that are called both internal and for others are warned of, and published as they are. Members that
nobody knows are kept.

The publisher of the records is the organisation of the source; a registry cannot name another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from catalog.database import HarvestObject
from catalog.errors import InputError, InvalidAreaCode, Label, Place, ShihyoError, UnknownCode
from catalog.model import Dataset
from catalog.model.data_map import overlap
from catalog.model.service import Service, parse_service
from catalog.reference.service_checks import check_codes, check_step
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.fetching.fetch import declared_path
from harvesters.findings import Level, Rule
from harvesters.options import Option
from harvesters.readers.declared import LAYOUT_OPTIONS, LAYOUT_RULES, Declared
from harvesters.services.registry import Entry, read_registry
from harvesters.services.tables import is_table, read_table_registry
from harvesters.survey.dataset import MAPPING

_CORRECT = Label("示された場所を直してください", "Correct the place that is named")
_CONSIDER = Label(
    "STEPか、示された項目のどちらかを見直してください。公開は止めません",
    "Reconsider either the STEP or the fact that is named; it is published anyway",
)

RECORD_INVALID = Rule(
    "record-invalid",
    Level.REJECTED,
    Label("読めないサービスの記録", "Service records that cannot be read"),
    _CORRECT,
)
CODE_UNKNOWN = Rule(
    "code-unknown",
    Level.REJECTED,
    Label("存在しないコードやIDのあるサービス", "Services with a code or an id that does not exist"),
    _CORRECT,
)
PUBLISHER_GIVEN = Rule(
    "publisher-given",
    Level.WARNING,
    Label(
        "台帳に publisher がある（使わず、収集元の組織とする）",
        "Records that name a publisher (not used: it is the organisation of the source)",
    ),
    Label("harvest.yml の organisation で指定してください", "Name it as organisation in harvest.yml"),
)
AREA_REPAIRED = Rule(
    "area-code-repaired",
    Level.REPAIRED,
    Label("書き方を直した団体コード", "Area codes whose writing was repaired"),
    Label("対応は要りません", "Nothing needs to be done"),
)
STEP_INCONSISTENT = Rule(
    "step-inconsistent",
    Level.WARNING,
    Label("STEPと合わない記載", "Facts that do not fit the STEP"),
    _CONSIDER,
)
EVALUATION_MISSING = Rule(
    "evaluation-missing",
    Level.WARNING,
    Label("終わったのに、本番化したかどうかの評価がない実証", "Trials that ended without an evaluation"),
    Label(
        "evaluation に、実装につながったか（productionised）を書いてください",
        "Say under evaluation whether it went into production",
    ),
)
DATA_OVERLAP = Rule(
    "data-overlap",
    Level.WARNING,
    Label("内部利用のみと外部提供可能の両方に挙げられたデータ", "Data that are called both internal and for others"),
    Label("どちらか一方にしてください", "Keep one of the two"),
)
MEMBER_UNKNOWN = Rule(
    "member-unknown",
    Level.NOTICE,
    Label("見慣れない項目（そのまま残す）", "Unknown members (kept as they are)"),
    Label("書き誤りでなければ対応は要りません", "Nothing, unless it is a mistyped name"),
)


class Services(Harvester):
    """A registry of services: no datasets, one record a service."""

    kind = "services"
    version = "1"
    title: ClassVar[Label] = Label("都市サービスの台帳", "Registry of city services")
    registers = True
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="columns",
            type=MAPPING,
            default=None,
            help=Label(
                "表の台帳で、標準の見出し（docs/services.md）とこのファイルの見出しの対応（例: {サービスID: ID}）",
                "Headings of this table for those of docs/services.md, such as {サービスID: ID}",
            ),
        ),
        *LAYOUT_OPTIONS,
    )
    rules = (
        RECORD_INVALID,
        CODE_UNKNOWN,
        PUBLISHER_GIVEN,
        AREA_REPAIRED,
        STEP_INCONSISTENT,
        EVALUATION_MISSING,
        DATA_OVERLAP,
        MEMBER_UNKNOWN,
        *LAYOUT_RULES,
    )

    def datasets(self, context: Context) -> tuple[Dataset, ...]:  # noqa: ARG002
        """Return nothing: a registry has no observations."""
        return ()

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the one file."""
        source = context.source
        if source.url is not None:
            name = Path(urlsplit(source.url).path).name or hashlib.sha256(source.url.encode()).hexdigest()[:12]
            return [HarvestObject(name=name, location=source.url)]
        return [HarvestObject(name=declared_path(source).name, location=str(source.path))]

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:  # noqa: ARG002
        """Return nothing: a registry has no observations."""
        return ()

    def services(self, context: Context, fetched: Fetched) -> Sequence[Service]:
        """Return the records that can be used.

        Raises
        ------
        InputError
            If the file is no registry, or no record of it can be used.
        """
        file = fetched.object.name
        table = is_table(fetched.path, file)
        options = context.source.options
        if table:
            names, declared = options["columns"] or {}, Declared.of(options)
            registry = read_table_registry(fetched.path, file, context.findings, declared=declared, names=names)
        else:
            registry = read_registry(fetched.path, file)
        for name in registry.others:
            context.findings.add(MEMBER_UNKNOWN, Place(file=file, cell=f"/{name}"))
        found = [one for entry in registry.entries if (one := _read(context, file, entry)) is not None]
        if not found:
            raise _nothing_usable(file, len(registry.entries))
        return found


def _nothing_usable(file: str, records: int) -> InputError:
    return InputError(
        f"使えるサービスの記録がありません（{records}件中0件）",
        f"None of its {records} records can be used",
        next_step=Label(
            "報告の各件を直してください。公開済みの記録は残ります",
            "Correct what the report names; what is published stays",
        ),
        place=Place(file=file),
        value=records,
    )


def _read(context: Context, file: str, entry: Entry) -> Service | None:
    context.tally.read += 1
    service = _parse(context, file, entry)
    wrong = check_codes(service) if service is not None else ()
    for error in wrong:
        context.findings.add(
            CODE_UNKNOWN, _place(file, entry, error.context["pointer"]), error.context["value"], detail=_detail(error)
        )
    if service is None or wrong:
        context.tally.rejected += 1
        return None
    context.tally.accepted += 1
    _warn(context, file, entry, service)
    return service


def _parse(context: Context, file: str, entry: Entry) -> Service | None:
    try:
        return parse_service(_prepared(context, file, entry))
    except InputError as error:
        pointer = error.context.get("pointer", "")
        context.findings.add(RECORD_INVALID, _place(file, entry, pointer), detail=_detail(error))
        return None


def _prepared(context: Context, file: str, entry: Entry) -> Any:
    """Return the record with the publisher of the source and area codes of six digits."""
    raw = entry.raw
    if not isinstance(raw, dict):
        return raw
    if "publisher" in raw:
        context.findings.add(PUBLISHER_GIVEN, _place(file, entry, "/publisher"))
    prepared = {**raw, "publisher": context.source.publisher.to_dict()}
    if isinstance(raw.get("areas"), list):
        prepared["areas"] = [_area(context, file, entry, one) for one in raw["areas"]]
    return prepared


def _area(context: Context, file: str, entry: Entry, raw: Any) -> Any:
    """Return the code with six digits; what cannot be read stays as it is and is found unknown."""
    try:
        code = context.reference.areas.parse_code(str(raw)).code
    except InvalidAreaCode:
        return raw
    if code != str(raw):
        context.findings.add(AREA_REPAIRED, _place(file, entry, "/areas"), f"{raw} → {code}")
    return code


def _warn(context: Context, file: str, entry: Entry, service: Service) -> None:
    findings = context.findings
    for one in check_step(service):
        detail = Label(f"{one.message.ja}。{one.expected.ja}", f"{one.message.en}. {one.expected.en}")
        findings.add(STEP_INCONSISTENT, _place(file, entry, "/step"), service.id, detail=detail)
    if lacks_evaluation(service):
        findings.add(EVALUATION_MISSING, _place(file, entry, "/evaluation"), service.id)
    for name in overlap(service):
        findings.add(DATA_OVERLAP, _place(file, entry, "/data"), name)
    for pointer, _ in service.iter_others():
        findings.add(MEMBER_UNKNOWN, _place(file, entry, pointer))


def lacks_evaluation(service: Service) -> bool:
    """Return whether a trial ended and nobody says whether it went into production."""
    trial_ended = service.phase == "ended" or (service.phase == "pilot" and service.end is not None)
    return trial_ended and (service.evaluation is None or service.evaluation.productionised is None)


def _place(file: str, entry: Entry, pointer: str) -> Place:
    return Place(file=file, cell=f"{entry.place}{f', {pointer}' if pointer else ''}")


def _detail(error: ShihyoError | UnknownCode) -> Label:
    step = error.next_step
    return Label(
        f"{error.what.ja} → {step.ja}" if step else error.what.ja,
        f"{error.what.en} → {step.en}" if step else error.what.en,
    )
