"""Where the embedded catalogue differs from CKAN 2.12 on purpose, as tables.

``docs/ckan-differences.md`` shows them to people and a test keeps the two the same; the conformance suite takes the
expected differences from here, and holds :data:`LACKING` against the actions of a real CKAN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as in CKAN."""

    #: what it is about
    about: str
    #: what CKAN 2.12.0 does
    ckan: str
    #: what is done here
    here: str
    #: the reason
    why: str


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "name of an uploaded file",
        "non-ASCII letters are removed: 失業率.csv becomes .csv",
        "kept, percent-encoded in the address",
        "files of a Japanese town have Japanese names",
    ),
    Difference(
        "`hash` of an uploaded file",
        "empty",
        "its SHA-256, unless the caller gives one",
        "who downloads can check what came",
    ),
    Difference(
        "`metadata_modified` in an update by a sysadmin",
        "stays as given, even if older",
        "always grows",
        "harvesters ask for what changed since a moment",
    ),
    Difference(
        "order of extras", "as they came, sorted after the next change", "by key", "the same package has one form"
    ),
    Difference(
        "a group that does not exist, from a sysadmin",
        "left out silently",
        "404 that names it",
        "nothing is dropped silently",
    ),
    Difference(
        "relationships between datasets, a logo as a file",
        "kept",
        "refused by name",
        "not kept here, so it says so",
    ),
    Difference("a `state` that does not exist", "kept", "409", "such a package would be in no list"),
    Difference(
        "a draft",
        "seen by all members of the organisation",
        "seen by those who may edit it",
        "half-written texts are their author's",
    ),
    Difference(
        "`fq=a OR b`",
        "CKAN's own conditions are glued on, so it finds everything",
        "finds a or b",
        "it is what was asked",
    ),
    Difference(
        "part of a Japanese word in `q`",
        "not found, a run of Japanese is one word to Solr",
        "found",
        "people type 失業率 and mean 完全失業率",
    ),
    Difference(
        "`email_hash` of a user",
        "MD5 of the mail address",
        "a stand-in of the same form",
        "an MD5 confirms a guessed address",
    ),
    Difference(
        "the built-in sysadmin",
        "can be deleted, renamed and demoted",
        "409: the product itself acts as it",
        "nobody locks the catalogue by mistake",
    ),
    Difference(
        "creating organisations and groups",
        "every user, unless the configuration forbids it",
        "sysadmins",
        "there is no configuration; this is the careful one",
    ),
    Difference(
        "header `X-CKAN-API-Key`", "by configuration", "accepted beside `Authorization`", "older clients send it"
    ),
    Difference(
        "HTML, SVG and unknown files",
        "shown in the browser",
        "saved, sandboxed, `nosniff`",
        "a stranger's script must not run on this site",
    ),
    Difference("`callback` of JSONP", "any text, escaped", "the name of a function", "nothing else can be one"),
    Difference(
        "calls from other sites (CORS)",
        "by configuration",
        "may read, and call with a token",
        "there are no cookies that could be misused",
    ),
    Difference("`site_read`", "not an action", "an action", "ckanext-harvest of older portals asks for it"),
    Difference(
        "files in a `package_revise`",
        "`update__resources__0__upload`",
        "409 that names the field; upload with `resource_update`",
        "one file a call keeps a broken upload from undoing the rest",
    ),
    Difference(
        "`package_revise` with a path in `match__` that leads nowhere",
        "409 `Integrity Error`",
        "409 `Validation Error` under `match`",
        "it is a mismatch like any other",
    ),
    Difference(
        "negative places in patterns of `package_revise`",
        "a pattern such as `+resources__-1` fits nothing",
        "it means the last one, as in `update__`",
        "one meaning of a path",
    ),
    Difference(
        "`filter` and `include` of `package_revise` as one text",
        "`include` is read letter by letter",
        "separated by commas, both",
        "CKAN's documentation says so",
    ),
)

_PATCHES = ("package_patch", "resource_patch", "group_patch", "organization_patch", "user_patch")
_MEMBERS = ("group_member_create", "organization_member_create")

Outcome = tuple[int, str, list[str]]


@dataclass(frozen=True, slots=True)
class OtherError:
    """A mistake of the caller that is answered otherwise than by CKAN."""

    #: the actions
    actions: tuple[str, ...]
    #: the call, by its name in the conformance suite
    call: str
    #: status, type and keys here
    here: Outcome
    #: those of CKAN 2.12.0
    ckan: Outcome
    #: the reason
    why: str


OTHER_ERRORS: tuple[OtherError, ...] = (
    OtherError(
        _PATCHES,
        "nothing given, anonymous",
        (409, "Validation Error", ["id"]),
        (409, "Validation Error", ["message"]),
        "CKAN names no field",
    ),
    OtherError(
        _MEMBERS,
        "names of nothing, anonymous",
        (409, "Validation Error", ["id", "role", "username"]),
        (403, "Authorization Error", ["message"]),
        "CKAN asks for the right first, and answers 500 when there is no id to ask it for",
    ),
)

#: why actions of CKAN's core are not here -> their names
LACKING: Mapping[str, tuple[str, ...]] = {
    "following, which is a matter of CKAN's pages": (
        "am_following_dataset",
        "am_following_group",
        "am_following_user",
        "dataset_followee_count",
        "dataset_followee_list",
        "dataset_follower_count",
        "dataset_follower_list",
        "follow_dataset",
        "follow_group",
        "follow_user",
        "followee_count",
        "followee_list",
        "group_followee_count",
        "group_followee_list",
        "group_follower_count",
        "group_follower_list",
        "organization_followee_count",
        "organization_followee_list",
        "organization_follower_count",
        "organization_follower_list",
        "unfollow_dataset",
        "unfollow_group",
        "unfollow_user",
        "user_followee_count",
        "user_followee_list",
        "user_follower_count",
        "user_follower_list",
    ),
    "views of files, which the pages of this site draw themselves (`resource_view_list` answers that there are none)": (
        "package_create_default_resource_views",
        "resource_create_default_resource_views",
        "resource_view_clear",
        "resource_view_create",
        "resource_view_delete",
        "resource_view_reorder",
        "resource_view_show",
        "resource_view_update",
    ),
    "completion while typing in CKAN's forms; `package_autocomplete` is there": (
        "format_autocomplete",
        "group_autocomplete",
        "organization_autocomplete",
        "user_autocomplete",
    ),
    "vocabularies and tags of their own; tags come and go with the datasets, `tag_list` and `tag_show` are there": (
        "tag_create",
        "tag_delete",
        "tag_search",
        "vocabulary_create",
        "vocabulary_delete",
        "vocabulary_list",
        "vocabulary_show",
        "vocabulary_update",
    ),
    "relationships and collaborators, which CKAN itself has switched off unless configured": (
        "package_collaborator_create",
        "package_collaborator_delete",
        "package_collaborator_list",
        "package_collaborator_list_for_user",
        "package_relationship_create",
        "package_relationship_delete",
        "package_relationship_update",
        "package_relationships_list",
    ),
    "settings, background jobs and translations of a CKAN server": (
        "config_option_list",
        "config_option_show",
        "config_option_update",
        "get_site_user",
        "job_cancel",
        "job_clear",
        "job_list",
        "job_show",
        "task_status_delete",
        "task_status_show",
        "task_status_update",
        "task_status_update_many",
        "term_translation_show",
        "term_translation_update",
        "term_translation_update_many",
    ),
    "several datasets at once; clients call `package_patch` or `package_delete` for each": (
        "bulk_update_delete",
        "bulk_update_private",
        "bulk_update_public",
    ),
    "shorter ways to what `package_patch`, `package_search` and the documentation do": (
        "group_package_show",
        "member_roles_list",
        "package_owner_org_update",
        "package_resource_reorder",
    ),
    "invitations by mail; accounts are made with `user_create`": ("user_invite",),
}

#: extensions of CKAN whose actions clients may look for -> what does it here
EXTENSIONS: Mapping[str, str] = {
    "`datastore_search`, `datastore_search_sql` (datastore)": "the API under `/api/v1` filters and pages observations",
    "`package_activity_list` and others (activity)": "releases keep what changed; `audit` in the catalogue's database",
    "`harvest_source_list` and others (ckanext-harvest)": "`shihyo harvest`",
    "`/dataset/<name>.ttl`, `/catalog.ttl` (ckanext-dcat)": "the same addresses, made by this site itself",
}
