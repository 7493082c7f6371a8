"""The validators of CKAN's default schemas; :mod:`catalog.embedded.schemas` puts them together.

References
----------
CKAN 2.12, https://docs.ckan.org/en/2.12/extending/validators.html (2026-11-22).
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import Any

from catalog.embedded.clock import as_text
from catalog.embedded.resource_formats import clean_format, guess_format
from catalog.embedded.validation import MISSING, Invalid, Scope, Stop, Validator
from catalog.errors import Label

MISSING_VALUE = Label("値がありません", "Missing value")
NAME_MAX = 100
NAME_MIN = 2
TAG_MIN, TAG_MAX = 2, 100
#: what SQLite and JSON take
INTEGER_MAX = 2**63 - 1
STATES = ("active", "draft", "deleted")
TRUE_WORDS = {"true", "yes", "t", "y", "1"}

_NAME = re.compile(r"[a-z0-9_\-]*\Z")
_TAG = re.compile(r"[\w \-.]*\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")


def required(value: Any, _scope: Scope) -> Any:
    """Refuse a field that is not given or empty."""
    if value is MISSING or value is None or value == "":
        raise Invalid(MISSING_VALUE)
    return value


def given(value: Any, _scope: Scope) -> Any:
    """Refuse a field that is not given; it may be empty."""
    if value is MISSING or value is None:
        raise Invalid(MISSING_VALUE)
    return value


def optional(value: Any, _scope: Scope) -> Any:
    """Leave out a field that is not given or null."""
    if value is MISSING or value is None:
        raise Stop
    return value


def optional_text(value: Any, _scope: Scope) -> Any:
    """Leave out a field that is not given, null or empty."""
    if value is MISSING or value is None or value == "":
        raise Stop
    return value


def ignored(_value: Any, _scope: Scope) -> Any:
    """Leave out the field whatever it says."""
    raise Stop


def text(value: Any, _scope: Scope) -> str:
    """Turn the value into text; structures become JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def stripped(value: str, _scope: Scope) -> str:
    """Remove white space around a text."""
    return value.strip()


def no_whitespace(value: str, _scope: Scope) -> str:
    """Remove line ends and white space around an address."""
    return value.replace("\n", "").replace("\r", "").strip()


def boolean(value: Any, _scope: Scope) -> bool:
    """Read a flag: true, yes, t, y, 1; everything else is false."""
    return value.lower() in TRUE_WORDS if isinstance(value, str) else bool(value)


def integer(value: Any, _scope: Scope) -> int | None:
    """Read a whole number; blank text is null."""
    if isinstance(value, str) and not value.strip():
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(Label("整数にしてください", "Invalid integer")) from error
    if (isinstance(value, float) and number != value) or abs(number) > INTEGER_MAX:
        raise Invalid(Label("整数にしてください", "Invalid integer"))
    return number


def natural(value: Any, scope: Scope) -> int:
    """Read a whole number, 0 or more."""
    number = integer(value, scope)
    if number is None or number < 0:
        raise Invalid(Label("0以上の整数にしてください", "Must be a natural number"))
    return number


def iso_date(value: Any, _scope: Scope) -> str | None:
    """Read a date and time; blank text is null."""
    if value == "":
        return None
    try:
        return as_text(datetime.fromisoformat(value))
    except (TypeError, ValueError) as error:
        raise Invalid(Label(f"日時「{value}」を読めません", f"Date format incorrect: {value}")) from error


def one_of(*allowed: str) -> Validator:
    """Return a validator that refuses everything else."""

    def validator(value: Any, _scope: Scope) -> Any:
        if value not in allowed:
            listed = ", ".join(allowed)
            raise Invalid(Label(f"{listed} のどれかにしてください", f"Value must be one of {listed}"))
        return value

    return validator


def at_most(limit: int) -> Validator:
    """Return a validator that refuses a longer text."""

    def validator(value: str, _scope: Scope) -> str:
        if len(value) > limit:
            raise Invalid(Label(f"{limit}文字までです", f"Must be a maximum of {limit} characters long"))
        return value

    return validator


def if_empty_same_as(other: str) -> Validator:
    """Return a validator that takes an empty field from another one."""

    def validator(value: Any, scope: Scope) -> Any:
        if value is MISSING or value is None or value == "":
            value = scope.siblings.get(other)
        if value is None:
            raise Stop
        return value

    return validator


def sysadmin_only(value: Any, scope: Scope) -> Any:
    """Refuse a field that only a sysadmin may set."""
    if not scope.caller.sysadmin:
        raise Invalid(Label("システム管理者だけが指定できます", "The input field was not expected."))
    return value


def ignored_unless_sysadmin(value: Any, scope: Scope) -> Any:
    """Leave out a field that only a sysadmin may set."""
    if not scope.caller.sysadmin:
        raise Stop
    return value


def ignored_unless_package_admin(value: Any, scope: Scope) -> Any:
    """Leave out ``state`` for those who do not edit the dataset already; creating is not yet editing."""
    owner = scope.existing["owner_org"] if scope.existing else None
    if not scope.caller.sysadmin and not (owner and scope.caller.may("update_dataset", owner)):
        raise Stop
    return value


def ignored_unless_community_admin(value: Any, scope: Scope) -> Any:
    """Leave out ``state`` for those who do not administer the organisation or group."""
    if not scope.caller.sysadmin and not (scope.existing and scope.caller.may("update", scope.existing["id"])):
        raise Stop
    return value


def uuid_text(value: Any, _scope: Scope) -> Any:
    """Refuse an id that is not a UUID."""
    try:
        uuid.UUID(value)
    except (ValueError, AttributeError, TypeError) as error:
        raise Invalid(Label(f"id「{value}」はUUIDではありません", "Invalid id provided")) from error
    return value


def new_id_in(table: str) -> Validator:
    """Return a validator that refuses an id which ``table`` has already."""

    def validator(value: str, scope: Scope) -> str:
        if scope.db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (value,)).fetchone():  # noqa: S608 - own names
            raise Invalid(Label(f"id「{value}」は使われています", "Id already exists"))
        return value

    return validator


def name_grammar(value: Any, _scope: Scope) -> str:
    """Refuse what is not a name: 2 to 100 of a-z, 0-9, ``-`` and ``_``."""
    if not isinstance(value, str):
        raise Invalid(Label("名前は文字列にしてください", "Names must be strings"))
    if value in {"new", "edit", "search"}:
        raise Invalid(Label(f"「{value}」は名前に使えません", "That name cannot be used"))
    if len(value) < NAME_MIN:
        raise Invalid(Label(f"{NAME_MIN}文字以上にしてください", f"Must be at least {NAME_MIN} characters long"))
    if len(value) > NAME_MAX:
        raise Invalid(Label(f"{NAME_MAX}文字までです", f"Name must be a maximum of {NAME_MAX} characters long"))
    if not _NAME.match(value):
        raise Invalid(
            Label(
                "英小文字、数字、-、_ だけが使えます",
                "Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_",
            )
        )
    return value


def unique_package_name(value: str, scope: Scope) -> str:
    """Refuse a name that another dataset has; a deleted one does not count."""
    own = scope.existing["id"] if scope.existing else ""
    row = scope.db.execute(
        "SELECT 1 FROM package WHERE name = ? AND state <> 'deleted' AND id <> ?", (value, own)
    ).fetchone()
    if row:
        raise Invalid(Label(f"「{value}」はすでに使われています", "That URL is already in use."))
    return value


def unique_community_name(value: str, scope: Scope) -> str:
    """Refuse a name that another organisation or group has."""
    own = scope.existing["id"] if scope.existing else ""
    if scope.db.execute("SELECT 1 FROM community WHERE name = ? AND id <> ?", (value, own)).fetchone():
        raise Invalid(Label(f"「{value}」はすでに使われています", "Group name already exists in database"))
    return value


def unique_user_name(value: str, scope: Scope) -> str:
    """Refuse a name that another user has."""
    own = scope.existing["id"] if scope.existing else ""
    if scope.db.execute("SELECT 1 FROM user_account WHERE name = ? AND id <> ?", (value, own)).fetchone():
        raise Invalid(Label(f"「{value}」はすでに使われています", "That login name is not available."))
    return value


def same_package_id(value: Any, scope: Scope) -> Any:
    """Refuse another id than that of the dataset being changed."""
    if scope.existing and value != scope.existing["id"]:
        raise Invalid(Label("idは変えられません", "Cannot change value of key. This key is read-only"))
    return value


def owner_org(value: Any, scope: Scope) -> str:
    """Turn the name or id of the organisation into its id; refuse one the caller may not add datasets to."""
    if value is MISSING or value is None or value == "":
        raise Invalid(Label("組織が必要です", "An organization must be provided"))
    row = scope.db.execute(
        "SELECT id FROM community WHERE (id = ? OR name = ?) AND is_organization = 1", (str(value), str(value))
    ).fetchone()
    if row is None:
        raise Invalid(Label(f"組織「{value}」はありません", "Organization does not exist"))
    unchanged = scope.existing is not None and scope.existing["owner_org"] == row["id"]
    if not unchanged and not scope.caller.may("create_dataset", row["id"]):
        raise Invalid(
            Label("この組織にデータセットを加える権限がありません", "You cannot add a dataset to this organization")
        )
    return str(row["id"])


def email_address(value: str, _scope: Scope) -> str:
    """Refuse what is not a mail address; blank is fine."""
    if value and not _EMAIL.match(value):
        raise Invalid(Label(f"「{value}」はメールアドレスではありません", f"Email {value} is not a valid format"))
    return value


def unique_email(value: str, scope: Scope) -> str:
    """Refuse a mail address that another user has."""
    own = scope.existing["id"] if scope.existing else ""
    row = scope.db.execute(
        "SELECT 1 FROM user_account WHERE lower(email) = lower(?) AND id <> ? AND state = 'active'", (value, own)
    ).fetchone()
    if row:
        raise Invalid(
            Label(f"メールアドレス「{value}」は使われています", "The email address belongs to a registered user.")
        )
    return value


def password(value: Any, _scope: Scope) -> str:
    """Refuse a password that is too short."""
    if not isinstance(value, str) or len(value) < 8:
        raise Invalid(Label("パスワードは8文字以上にしてください", "Your password must be 8 characters or longer"))
    return value


def tag_name(value: str, _scope: Scope) -> str:
    """Refuse what is not a tag: 2 to 100 letters (of any script), digits, spaces, ``-``, ``_``, ``.``."""
    if len(value) < TAG_MIN:
        raise Invalid(
            Label(
                f"タグ「{value}」は短すぎます（{TAG_MIN}文字以上）",
                f'Tag "{value}" length is less than minimum {TAG_MIN}',
            )
        )
    if len(value) > TAG_MAX:
        raise Invalid(
            Label(
                f"タグ「{value}」は長すぎます（{TAG_MAX}文字まで）",
                f'Tag "{value}" length is more than maximum {TAG_MAX}',
            )
        )
    if not _TAG.match(value):
        raise Invalid(
            Label(
                f"タグ「{value}」に使えない文字があります（文字、数字、空白、-、_、. だけ）",
                f'Tag "{value}" can only contain alphanumeric characters, spaces (" "), hyphens ("-"), '
                'underscores ("_") or dots (".")',
            )
        )
    return value


def free_tag(_value: Any, _scope: Scope) -> Any:
    """Refuse a vocabulary: the embedded catalogue has free tags only."""
    raise Invalid(Label("タグの語彙は使えません", "Tag vocabulary was not found."))


def new_resource_id(value: str, scope: Scope) -> str:
    """Refuse the id of a resource that belongs to another dataset."""
    row = scope.db.execute("SELECT package_id FROM resource WHERE id = ?", (value,)).fetchone()
    if row and (scope.existing is None or row["package_id"] != scope.existing["id"]):
        raise Invalid(Label(f"リソースid「{value}」は使われています", "Resource id already exists."))
    return value


def known_format(value: Any, scope: Scope) -> Any:
    """Write a format as CKAN does (``csv`` becomes ``CSV``); guess it from the address if a new resource has none."""
    if (value is MISSING or value is None or value == "") and not scope.siblings.get("id"):
        value = guess_format(str(scope.siblings.get("url") or ""))
    if value is MISSING or value is None:
        raise Stop
    return clean_format(str(value))


def none_given(value: Any, _scope: Scope) -> Any:
    """Refuse everything but nothing: the embedded catalogue does not keep this."""
    if value is MISSING or not value:
        raise Stop
    raise Invalid(Label("データセット間の関係は扱えません", "Dataset relationships are not supported here"))
