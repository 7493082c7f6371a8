"""Read ``harvest.yml``: which sources there are.

::

    version: 1
    organisations:                          # optional: what the owners of the datasets are called
      chiba-city:
        title: {ja: 千葉市, en: Chiba City}
        url: https://www.city.chiba.jp/
    areas: areas.csv                        # optional: areas that no national list has (harvesters.local_areas)
    sources:
      - name: mynumber
        kind: mynumber
        title: {ja: マイナンバーカード交付状況, en: My Number card statistics}
        path: harvesters/samples/mynumber   # or url: https://...
        organisation: chiba-city            # default: SHIHYO_ORGANIZATION
        schedule: 毎月1日 3:00              # or every: 1 month; default: by hand only
        timeout: 2 hours                    # default: no limit
        retries: 3                          # default: 3 when nobody is waiting, 0 by hand
        watch: "*交付状況*.csv"             # files of the watched folder that are for it
        guards: {row-loss: 0.3, unit-jump: off}   # default: all on (harvesters.guards.declared)
        approval: required                  # default: published at once if no guard trips
        options: {}

Relative paths start at the folder of the file and stay below it; a path outside is written out absolute.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from catalog.errors import ConfigurationError, Label, Place, ScheduleError
from catalog.model import Agent
from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters.base import Harvester, HarvestSource
from harvesters.guards.declared import Limits, read_guards
from harvesters.local_areas import read_local_areas
from harvesters.options import TEXT, OptionType, check_keys, read_options, read_value, unknown_value
from harvesters.registry import harvesters
from harvesters.running.schedule import Schedule, parse_schedule
from harvesters.yaml_bounds import check_bounds

try:
    # A file of a thousand sources takes ten seconds without libyaml.
    from yaml import CSafeLoader as _SafeLoader
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

#: largest harvest file that is read, in bytes
LARGEST_FILE = 1_000_000

_FILE_KEYS = ("version", "organisations", "areas", "sources")
_ORGANISATION_KEYS = ("title", "url", "email")
_SOURCE_KEYS = (
    *("name", "kind", "title", "path", "url", "organisation", "every", "schedule", "timeout", "retries", "watch"),
    *("guards", "approval"),
    "options",
)
_MINUTES = {"minute": 1, "hour": 60, "day": 60 * 24, "week": 60 * 24 * 7, "month": 60 * 24 * 30}


def _name(raw: Any) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", raw):
        raise ValueError
    return raw


def _organisation(raw: Any) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[a-z0-9_-]{2,100}", raw):
        raise ValueError
    return raw


def _label(raw: Any) -> Label:
    if not isinstance(raw, Mapping) or set(raw) != {"ja", "en"}:
        raise TypeError
    return Label(TEXT.parse(raw["ja"]), TEXT.parse(raw["en"]))


def _duration(raw: Any, units: str) -> timedelta:
    match = re.fullmatch(rf"([1-9]\d{{0,3}}) ({units})s?", raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError
    return timedelta(minutes=int(match[1]) * _MINUTES[match[2]])


def _every(raw: Any) -> timedelta:
    return _duration(raw, "hour|day|week|month")


def _timeout(raw: Any) -> timedelta:
    return _duration(raw, "minute|hour|day")


def _retries(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 20:
        raise ValueError
    return raw


def _url(raw: Any) -> str:
    if not isinstance(raw, str) or urlsplit(raw).scheme not in {"http", "https"} or not urlsplit(raw).hostname:
        raise ValueError
    return raw


def _version(raw: Any) -> int:
    if raw != 1 or isinstance(raw, bool):
        raise ValueError
    return 1


_NAME = OptionType("name", Label("英小文字・数字・ハイフンの名前", "a name of a-z, 0-9 and hyphens"), _name)
_ORGANISATION = OptionType("organisation", Label("CKANの組織のname", "the name of a CKAN organisation"), _organisation)
_LABEL = OptionType("label", Label("{ja: …, en: …} の形", "a text in both languages: {ja: ..., en: ...}"), _label)
_EVERY = OptionType(
    "every", Label("「12 hours」「1 month」などの間隔", "an interval such as 12 hours or 1 month"), _every
)
_TIMEOUT = OptionType(
    "timeout", Label("「30 minutes」「2 hours」などの長さ", "a length of time such as 30 minutes or 2 hours"), _timeout
)
_RETRIES = OptionType("retries", Label("0から20までの整数", "a whole number from 0 to 20"), _retries)
_URL = OptionType("url", Label("http:// か https:// で始まるURL", "a URL with http:// or https://"), _url)
_VERSION = OptionType("version", Label("1（この書式の版）", "1, the version of this format"), _version)


#: what YAML makes of numbers and of words such as No, which are texts where they are keys
_PLAIN_KEYS = frozenset(f"tag:yaml.org,2002:{one}" for one in ("int", "float", "bool", "null", "timestamp"))


class _UniqueKeyLoader(_SafeLoader):
    """A safe loader that refuses a key given twice, which YAML forbids and PyYAML forgives.

    Keys are texts as they are written, so that ``{1: M}`` and ``{No: 3}`` mean what they show.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping; raise for a repeated key."""
        seen: set[str] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag in _PLAIN_KEYS:
                key_node.tag = "tag:yaml.org,2002:str"
        for key in (self.construct_object(key, deep=True) for key, _ in node.value):
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not a text", node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_sources(path: Path, settings: Settings) -> list[HarvestSource]:
    """Read and check a harvest file.

    Parameters
    ----------
    path
        The file, usually ``settings.harvest_file``.
    settings
        Gives the organisation of sources that name none.

    Returns
    -------
    list of HarvestSource
        In the order of the file; names are unique.

    Raises
    ------
    ConfigurationError
        If the file is missing or not YAML, or a key or value of it cannot be used; names file, key, value and what
        would be allowed.
    """
    raw = _read(path)
    check_keys(raw, _FILE_KEYS, file=path.name, key="harvest.yml")
    _require(raw, "version", path.name, "harvest.yml")
    read_value(_VERSION, raw["version"], file=path.name, key="version")
    entries = raw.get("sources")
    if not isinstance(entries, list):
        raise _broken(path.name, "sources", Label("収集元の並びがありません", "There is no list of sources"))
    agents = _agents(raw.get("organisations") or {}, path.name)
    areas = read_local_areas(raw["areas"], path, load_reference().areas) if raw.get("areas") is not None else ()
    sources = [
        replace(_source(entry, f"sources[{i}]", path, settings, agents), areas=areas) for i, entry in enumerate(entries)
    ]
    _check_unique(sources, path.name)
    return sources


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _broken(path.name, "", Label("ファイルが大きすぎます（上限1MB）", "The file is larger than 1 MB"))
        text = path.read_text("utf-8")
        check_bounds(text, _SafeLoader)
        raw = yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigurationError(
            f"収集元の定義ファイル「{path.name}」を読めません",
            f"The harvest file {path.name} cannot be read",
            next_step=Label(
                "場所を確かめるか、SHIHYO_HARVEST_FILE で指定してください",
                "Check where it is, or name it with SHIHYO_HARVEST_FILE",
            ),
            place=Place(file=path.name),
            reason=error.strerror,
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # a number or day that Python does not have is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or error)
        raise _broken(
            path.name, line, Label(f"YAMLとして読めません（{problem}）", f"It is not YAML ({problem})")
        ) from error
    if not isinstance(raw, dict):
        raise _broken(path.name, "", Label("version と sources がありません", "It has no version and sources"))
    return raw


def _agents(raw: Any, file: str) -> dict[str, Agent]:
    if not isinstance(raw, dict):
        raise _broken(file, "organisations", Label("名前と題名の組ではありません", "It is not a mapping of names"))
    return {name: _agent(name, entry, f"organisations.{name}", file) for name, entry in raw.items()}


def _agent(name: str, entry: Any, key: str, file: str) -> Agent:
    read_value(_ORGANISATION, name, file=file, key=key)
    if not isinstance(entry, dict):
        raise _broken(file, key, Label("title の組ではありません", "It is not a mapping with a title"))
    check_keys(entry, _ORGANISATION_KEYS, file=file, key=key)
    _require(entry, "title", file, key)
    return Agent(
        name,
        read_value(_LABEL, entry["title"], file=file, key=f"{key}.title"),
        read_value(_URL, entry["url"], file=file, key=f"{key}.url") if "url" in entry else None,
        read_value(TEXT, entry["email"], file=file, key=f"{key}.email") if "email" in entry else None,
    )


def _source(entry: Any, key: str, path: Path, settings: Settings, agents: Mapping[str, Agent]) -> HarvestSource:
    file = path.name
    if not isinstance(entry, dict):
        raise _broken(file, key, Label("name や kind の組ではありません", "It is not a mapping with name and kind"))
    check_keys(entry, _SOURCE_KEYS, file=file, key=key)
    for needed in ("name", "kind", "title"):
        _require(entry, needed, file, key)
    kind = read_value(TEXT, entry["kind"], file=file, key=f"{key}.kind", allowed=list(harvesters()))
    harvester = harvesters()[kind]
    options = entry.get("options") or {}
    if not isinstance(options, dict):
        raise _broken(file, f"{key}.options", Label("名前と値の組ではありません", "It is not a mapping"))
    organisation = read_value(
        _ORGANISATION, entry.get("organisation", settings.organization), file=file, key=f"{key}.organisation"
    )
    return HarvestSource(
        name=read_value(_NAME, entry["name"], file=file, key=f"{key}.name"),
        kind=kind,
        title=read_value(_LABEL, entry["title"], file=file, key=f"{key}.title"),
        **_place(entry, harvester, file, key),
        publisher=agents.get(organisation) or Agent(organisation, Label(organisation, organisation)),
        options=read_options(harvester.options, options, file=file, key=f"{key}.options"),
        **_running(entry, file, key),
        guards=_guards(entry, file, key),
        file=path,
    )


def _guards(entry: dict[str, Any], file: str, key: str) -> Limits:
    approval = "approval" in entry and read_value(
        TEXT, entry["approval"], file=file, key=f"{key}.approval", allowed=("required",)
    )
    return read_guards(
        entry.get("guards", {}), file=file, key=f"{key}.guards", approval_required=approval == "required"
    )


#: keys that say when and how a source is run -> how their values are read
_RUNNING = {"every": _EVERY, "timeout": _TIMEOUT, "retries": _RETRIES, "watch": TEXT}


def _running(entry: dict[str, Any], file: str, key: str) -> dict[str, Any]:
    if "every" in entry and "schedule" in entry:
        raise _broken(file, key, Label("every と schedule は片方だけです", "Give every or schedule, not both"))
    values = {
        name: read_value(kind, entry[name], file=file, key=f"{key}.{name}") if name in entry else None
        for name, kind in _RUNNING.items()
    }
    return values | {"schedule": _schedule(entry, file, key)}


def _schedule(entry: dict[str, Any], file: str, key: str) -> Schedule | None:
    if "schedule" not in entry:
        return None
    try:
        return parse_schedule(read_value(TEXT, entry["schedule"], file=file, key=f"{key}.schedule"))
    except ScheduleError as error:
        raise ConfigurationError(
            error.what.ja,
            error.what.en,
            next_step=error.next_step,
            place=Place(file=file, cell=f"{key}.schedule"),
            key=f"{key}.schedule",
            **error.context,
        ) from error


def _place(entry: dict[str, Any], harvester: Harvester, file: str, key: str) -> dict[str, Any]:
    given = [one for one in ("path", "url") if one in entry]
    if len(given) != 1:
        raise _broken(
            file, key, Label("path か url のどちらか一つが必要です", "It needs either a path or a url, and not both")
        )
    [one] = given
    if one not in harvester.places:
        raise unknown_value(one, harvester.places, file=file, key=key, what=Label("キー", "key"))
    if one == "url":
        return {"path": None, "url": read_value(_URL, entry["url"], file=file, key=f"{key}.url")}
    place = Path(read_value(TEXT, entry["path"], file=file, key=f"{key}.path"))
    if not place.is_absolute() and ".." in place.parts:
        raise _broken(
            file,
            f"{key}.path",
            Label(
                f"「{place}」は定義ファイルのフォルダの外を指しています。絶対パスで書いてください",
                f"{place} leads out of the folder of the file; write such a path absolute",
            ),
        )
    return {"path": place, "url": None}


def _require(mapping: dict[str, Any], needed: str, file: str, key: str) -> None:
    if needed not in mapping:
        raise _broken(file, key, Label(f"「{needed}」がありません", f"{needed} is missing"), value=needed)


def _check_unique(sources: list[HarvestSource], file: str) -> None:
    names = [one.name for one in sources]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise _broken(
                file,
                f"sources[{i}].name",
                Label(f"「{name}」という収集元が二つあります", f"There are two sources named {name}"),
                value=name,
            )


def _broken(file: str, key: str, what: Label, **context: Any) -> ConfigurationError:
    return ConfigurationError(
        what.ja,
        what.en,
        next_step=Label("docs/harvesting.md の例に合わせてください", "See the example in docs/harvesting.md"),
        place=Place(file=file, cell=key or None),
        key=key,
        **context,
    )
