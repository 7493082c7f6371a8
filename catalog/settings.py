"""All settings of the product: environment variables ``SHIHYO_*``, declared once.

Validation, ``shihyo settings`` and ``docs/settings.md`` derive from :class:`Settings`; nothing else reads the
environment. A setting that is not given has its default; one that is given and empty counts as not given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from catalog.errors import Label, SettingError

PREFIX = "SHIHYO_"


def _text(raw: str) -> str:
    return raw


def parse_token(raw: str) -> str:
    """Return an API token without the white space around it.

    Raises
    ------
    ValueError
        If it cannot be one: it goes into a header, so it is one line of ASCII without spaces.
    """
    token = raw.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ValueError("not a token")
    return token


def _file(raw: str) -> str:
    if not Path(raw).is_file():
        raise ValueError("no such file")
    return raw


def _number(raw: str) -> int:
    number = int(raw)
    if number < 0:
        raise ValueError("negative")
    return number


def _flag(raw: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]


def _url(raw: str) -> str:
    if not raw.startswith(("http://", "https://")):
        raise ValueError("not http(s)")
    return raw.rstrip("/")


def _when(raw: str) -> str:
    if raw not in {"auto", "on", "off"}:
        raise ValueError("not auto, on or off")
    return raw


def _zone(raw: str) -> str:
    try:
        return ZoneInfo(raw).key
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("not a time zone") from error


def _queue_url(raw: str) -> str:
    if not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("not redis")
    return raw


def _security(raw: str) -> str:
    if raw not in {"starttls", "ssl", "none"}:
        raise ValueError("not starttls, ssl or none")
    return raw


def _digest(raw: str) -> str:
    if raw not in {"changes", "problems", "always", "off"}:
        raise ValueError("not changes, problems, always or off")
    return raw


def _language(raw: str) -> str:
    if raw not in {"ja", "en"}:
        raise ValueError("not ja or en")
    return raw


#: parser -> what a value must look like
_EXPECTED: dict[Callable[[str], Any], Label] = {
    _text: Label("文字列", "a text"),
    _number: Label("0以上の整数", "a whole number, 0 or more"),
    _flag: Label("true または false", "true or false"),
    _url: Label("http:// か https:// で始まるURL", "a URL that starts with http:// or https://"),
    _language: Label("ja または en", "ja or en"),
    parse_token: Label("空白のない半角英数字と記号（トークンそのもの）", "the token itself: ASCII without spaces"),
    _file: Label("存在するファイルのパス", "the path of a file that exists"),
    _when: Label("auto、on、off のいずれか", "auto, on or off"),
    _zone: Label("Asia/Tokyo のような時間帯の名前", "the name of a time zone such as Asia/Tokyo"),
    _queue_url: Label("redis:// か rediss:// で始まるURL", "a URL that starts with redis:// or rediss://"),
    _security: Label("starttls、ssl、none のいずれか", "starttls, ssl or none"),
    _digest: Label("changes、problems、always、off のいずれか", "changes, problems, always or off"),
    Path: Label("フォルダかファイルのパス", "a path"),
}


def _setting(default: Any, parse: Callable[[str], Any], ja: str, en: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"parse": parse, "help": Label(ja, en), "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process; immutable, handed down from the outermost edge."""

    home: Path = _setting(
        Path(".shihyo"), Path, "データを置くフォルダ", "The folder that holds everything this node keeps"
    )
    catalog_url: str = _setting(
        "",
        _url,
        "公開先CKANのURL。空なら内蔵カタログを使う",
        "URL of the CKAN to publish to; empty means the embedded catalogue",
    )
    catalog_token: str = _setting(
        "", parse_token, "公開先CKANのAPIトークン", "API token for the catalogue", secret=True
    )
    catalog_timeout: int = _setting(
        30, _number, "カタログの応答を待つ秒数", "Seconds to wait for an answer of the catalogue"
    )
    catalog_ca_file: str = _setting(
        "",
        _file,
        "公開先CKANの証明書を確かめる認証局の証明書（PEM）。空なら一般の認証局",
        "Certificates (PEM) that the catalogue's certificate is checked against; empty means the public ones",
    )
    copy_from_token: str = _setting(
        "",
        parse_token,
        "catalog copy の写し元のAPIトークン",
        "API token for the catalogue that `catalog copy` reads",
        secret=True,
    )
    copy_to_token: str = _setting(
        "",
        parse_token,
        "catalog copy の写し先のAPIトークン",
        "API token for the catalogue that `catalog copy` writes",
        secret=True,
    )
    datastore: str = _setting(
        "auto",
        _when,
        "最新のリリースをCKANのDataStoreにも入れるか。autoならあれば入れる",
        "Whether the current release is loaded into CKAN's DataStore; auto: where there is one",
    )
    organization: str = _setting(
        "chiba-city",
        _text,
        "データセットを所有する組織のname",
        "Name of the organisation that owns the datasets",
    )
    city: str = _setting(
        "121002",
        _text,
        "ページが最初に示す地域の全国地方公共団体コード（6桁）",
        "Six-digit code of the area whose figures the pages show first",
    )
    site_url: str = _setting(
        "http://127.0.0.1:8000",
        _url,
        "利用者から見えるこのサイトのURL",
        "The URL under which people reach this site",
    )
    site_title: str = _setting(
        "", _text, "サイトの名称。空なら「指標カタログ」", "Title of the site; empty means the built-in one"
    )
    host: str = _setting("127.0.0.1", _text, "待ち受けるアドレス", "Address to listen on")
    port: int = _setting(8000, _number, "待ち受けるポート", "Port to listen on")
    workers: int = _setting(1, _number, "サーバーのプロセス数", "Number of server processes")
    access_log: bool = _setting(
        False, _flag, "要求をひとつずつ記録に書くか", "Whether each request is written to the log"
    )
    database_url: str = _setting(
        "",
        _text,
        "業務データベースのURL。空なら home の SQLite",
        "URL of the application database; empty means SQLite in home",
        secret=True,
    )
    harvest_file: Path = _setting(
        Path("harvest.yml"), Path, "収集元の定義ファイル", "The file that declares the harvest sources"
    )
    time_zone: str = _setting("Asia/Tokyo", _zone, "予定の時刻の時間帯", "Time zone of schedules")
    schedule: bool = _setting(
        False,
        _flag,
        "shihyo serve と demo が、予定の来た収集も行うか",
        "Whether `shihyo serve` and `demo` also harvest what is due",
    )
    harvest_lease_seconds: int = _setting(
        60,
        _number,
        "収集ジョブの応答がこの秒数なければ、途絶えたものとみなす",
        "Seconds without a sign of life after which a harvest job counts as lost",
    )
    harvest_retry_seconds: int = _setting(
        30,
        _number,
        "失敗した収集を最初に再試行するまでの秒数。2回目からは倍ずつ延びる",
        "Seconds before a failed run is tried again; doubled each time",
    )
    maintenance: str = _setting(
        "毎日 4:20",
        _text,
        "不要になったものを片付ける予定（文かcron）。off なら片付けない",
        "When what is not needed any more is removed: a sentence, cron, or off for never",
    )
    keep_builds_days: int = _setting(
        30,
        _number,
        "組み立てたリリースを最後の利用から残す日数。0ならずっと",
        "Days that built releases are kept after their last use; 0 means for ever",
    )
    keep_jobs_days: int = _setting(
        400,
        _number,
        "収集ジョブの報告と記録を残す日数。0ならずっと",
        "Days that reports and logs of harvest jobs are kept; 0 means for ever",
    )
    keep_raw_days: int = _setting(
        0,
        _number,
        "どの収集元にももうない生データを残す日数。0ならずっと",
        "Days that raw inputs are kept that no source has any more; 0 means for ever",
    )
    keep_audit_days: int = _setting(
        1825,
        _number,
        "組み込みカタログの監査記録を残す日数。0ならずっと",
        "Days that the audit log of the embedded catalogue is kept; 0 means for ever",
    )
    queue_url: str = _setting(
        "",
        _queue_url,
        "収集ジョブの待ち行列（Redis）のURL。空なら使わない",
        "URL of the queue of harvest jobs (Redis); empty means none",
        secret=True,
    )
    watch_folder: Path = _setting(
        Path("drop"), Path, "職員がファイルを置くフォルダ", "The folder where staff drop files for `harvest watch`"
    )
    watch_seconds: int = _setting(
        5,
        _number,
        "置かれたファイルがこの秒数変わらなければ、置き終わったとみなす",
        "Seconds without a change after which a dropped file counts as complete",
    )
    digest: str = _setting(
        "changes",
        _digest,
        "まとめの報告を送る時。changes: 変更か問題があれば、problems: 問題だけ",
        "When digests are sent; changes: of changes and problems, problems: of problems alone",
    )
    mail_host: str = _setting("", _text, "メールサーバー。空なら送らない", "Mail server; empty means no mail")
    mail_port: int = _setting(587, _number, "メールサーバーのポート", "Port of the mail server")
    mail_security: str = _setting(
        "starttls", _security, "メールサーバーとの暗号化", "Encryption towards the mail server"
    )
    mail_user: str = _setting("", _text, "メールサーバーの利用者名", "User name at the mail server")
    mail_password: str = _setting("", _text, "メールサーバーのパスワード", "Password at the mail server", secret=True)
    mail_from: str = _setting("", _text, "まとめの報告の差出人", "Sender of digests")
    mail_to: str = _setting(
        "", _text, "まとめの報告の宛先（コンマ区切り）", "Recipients of digests, separated by commas"
    )
    webhook_url: str = _setting(
        "",
        _url,
        "まとめの報告をJSONで送るURL。空なら送らない",
        "URL that digests are posted to as JSON; empty means none",
        secret=True,
    )
    webhook_secret: str = _setting("", _text, "Webhookの署名の鍵", "Key that signs webhooks", secret=True)
    follow_seconds: int = _setting(
        5,
        _number,
        "カタログの更新を確かめる間隔（秒）。0なら確かめない",
        "Seconds between looks at the catalogue; 0 means never",
    )
    publish_lease_seconds: int = _setting(
        600,
        _number,
        "途中で止まった公開を他者が引き継げるまでの秒数",
        "Seconds after which another publisher may take over an unfinished publication",
    )
    http_timeout: int = _setting(30, _number, "収集元の応答を待つ秒数", "Seconds to wait for an answer of a source")
    http_total_timeout: int = _setting(
        600,
        _number,
        "1ファイルの収集にかける秒数の上限（再試行を含む）",
        "Longest time to fetch one file, retries included, in seconds",
    )
    http_retries: int = _setting(3, _number, "収集に失敗したときの再試行回数", "Retries after a failed fetch")
    max_download_mb: int = _setting(
        500, _number, "収集する1ファイルの上限（MB）", "Largest file a harvester fetches, in MB"
    )
    max_upload_mb: int = _setting(
        200,
        _number,
        "カタログに登録する1ファイルの上限（MB）",
        "Largest file the embedded catalogue accepts, in MB",
    )
    allow_private_addresses: bool = _setting(
        False,
        _flag,
        "収集元として私設アドレスを許すか",
        "Whether a harvester may fetch from private and loopback addresses",
    )
    estat_app_id: str = _setting(
        "",
        _text,
        "e-Stat APIのアプリケーションID（種別 estat の収集に使う）",
        "Application id for the e-Stat API, which sources of kind estat use",
        secret=True,
    )
    ngsi_token: str = _setting(
        "",
        _text,
        "都市OSのブローカーのトークン（種別 ngsi で options に token を書いた収集に使う）",
        "Token for the brokers of city OSs, which sources of kind ngsi with the option token send",
        secret=True,
    )
    portal_token: str = _setting(
        "",
        _text,
        "収集元のCKANのAPIトークン（種別 ckan で options に token: true を書いた収集に使う）",
        "API token for the portals that sources of kind ckan with token: true read",
        secret=True,
    )
    cache_mb: int = _setting(
        64,
        _number,
        "応答キャッシュの大きさ（MB、プロセスごと）",
        "Size of the response cache, in MB for each process",
    )
    lang: str = _setting("ja", _language, "既定の言語", "Default language of pages, messages and the command")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from ``environ``.

        Raises
        ------
        SettingError
            If a value cannot be parsed, or a ``SHIHYO_*`` variable is not a setting.
        """
        names = {PREFIX + item.name.upper(): item for item in fields(cls)}
        given = {key: value for key, value in environ.items() if key.startswith(PREFIX) and value != ""}
        values: dict[str, Any] = {}
        for key, raw in given.items():
            if key in _NOT_OURS:
                continue
            if key not in names:
                raise SettingError(
                    f"環境変数 {key} という設定はありません",
                    f"There is no setting {key}",
                    next_step=Label("shihyo settings で一覧を確かめてください", "Run shihyo settings to see them all"),
                    value=key,
                    allowed=sorted(names),
                )
            values[names[key].name] = _parse(key, raw, names[key].metadata)
        return cls(**values)

    @property
    def application_database_url(self) -> str:
        """The application database: ``database_url``, or SQLite in ``home``."""
        return self.database_url or f"sqlite:///{self.home / 'application.db'}"


#: variables with our prefix that belong to the tests and the Makefile
_NOT_OURS = frozenset(
    {"SHIHYO_CKAN_FOLDER", "SHIHYO_CKAN_SOLR_URL", "SHIHYO_CKAN_TOKEN", "SHIHYO_CKAN_URL", "SHIHYO_SHARED"}
)


def _parse(key: str, raw: str, described: Mapping[str, Any]) -> Any:
    parse: Callable[[str], Any] = described["parse"]
    try:
        return parse(raw)
    except (ValueError, KeyError) as error:
        expected = _EXPECTED[parse]
        shown = "…" if described["secret"] else raw
        raise SettingError(
            f"環境変数 {key} の値「{shown}」は使えません",
            f"The value {shown!r} of {key} cannot be used",
            next_step=Label(f"{expected.ja}にしてください", f"Give {expected.en}"),
            value=shown,
        ) from (None if described["secret"] else error)


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting as ``shihyo settings`` and the documentation show it."""

    #: environment variable
    name: str
    #: default, as text
    default: str
    #: what it is for
    help: Label
    #: what a value must look like
    expected: Label
    #: True if its value is never printed
    secret: bool


def describe_settings() -> list[SettingDescription]:
    """Return all settings in the order of their declaration."""
    return [
        SettingDescription(
            name=PREFIX + item.name.upper(),
            default=str(item.default),
            help=item.metadata["help"],
            expected=_EXPECTED[item.metadata["parse"]],
            secret=item.metadata["secret"],
        )
        for item in fields(Settings)
    ]
