"""What each object may carry: field -> validators, as CKAN's default schemas declare them.

References
----------
CKAN 2.12, default schemas in ``ckan/logic/schema`` (2026-11-22).
"""

from __future__ import annotations

from catalog.embedded import validators as v
from catalog.embedded.validation import Each, Schema

OPTIONAL_TEXT = (v.optional, v.text)

TAG: Schema = {
    "name": (v.required, v.text, v.tag_name),
    "vocabulary_id": (v.optional, v.free_tag),
}

EXTRA: Schema = {
    "key": (v.required, v.text),
    "value": (v.given, v.text),
    "deleted": (v.optional, v.boolean),
}

GROUP_REFERENCE: Schema = {
    "id": OPTIONAL_TEXT,
    "name": OPTIONAL_TEXT,
}

RESOURCE: Schema = {
    "id": (v.optional_text, v.uuid_text, v.new_resource_id),
    "package_id": (v.ignored,),
    "state": (v.ignored,),
    "position": (v.ignored,),
    "metadata_modified": (v.ignored,),
    "url": (v.optional, v.text, v.no_whitespace),
    "description": OPTIONAL_TEXT,
    "format": (v.known_format,),
    "hash": OPTIONAL_TEXT,
    "name": OPTIONAL_TEXT,
    "resource_type": OPTIONAL_TEXT,
    "url_type": OPTIONAL_TEXT,
    "mimetype": OPTIONAL_TEXT,
    "mimetype_inner": OPTIONAL_TEXT,
    "cache_url": OPTIONAL_TEXT,
    "size": (v.optional, v.integer),
    "created": (v.optional, v.iso_date),
    "last_modified": (v.optional, v.iso_date),
    "cache_last_updated": (v.optional, v.iso_date),
    "datastore_active": (v.optional, v.boolean),
}

RESOURCES = Each(RESOURCE, keep_unknown=True)

PACKAGE_CREATE: Schema = {
    "id": (v.optional_text, v.sysadmin_only, v.uuid_text, v.new_id_in("package")),
    "name": (v.required, v.text, v.name_grammar, v.unique_package_name),
    "title": (v.if_empty_same_as("name"), v.text),
    "author": OPTIONAL_TEXT,
    "author_email": (v.optional, v.text, v.stripped, v.email_address),
    "maintainer": OPTIONAL_TEXT,
    "maintainer_email": (v.optional, v.text, v.stripped, v.email_address),
    "license_id": OPTIONAL_TEXT,
    "notes": OPTIONAL_TEXT,
    "url": OPTIONAL_TEXT,
    "version": (v.optional, v.text, v.at_most(100)),
    "state": (v.optional_text, v.ignored_unless_package_admin, v.one_of(*v.STATES)),
    "type": (v.optional_text, v.text, v.at_most(100)),
    "owner_org": (v.owner_org,),
    "private": (v.optional, v.boolean),
    "resources": RESOURCES,
    "tags": Each(TAG),
    "extras": Each(EXTRA),
    "groups": Each(GROUP_REFERENCE),
    "relationships_as_subject": (v.none_given,),
    "relationships_as_object": (v.none_given,),
    "metadata_created": (v.optional_text, v.ignored_unless_sysadmin, v.iso_date),
    "metadata_modified": (v.optional_text, v.ignored_unless_sysadmin, v.iso_date),
}

PACKAGE_UPDATE: Schema = {
    **PACKAGE_CREATE,
    "id": (v.optional_text, v.same_package_id),
    "name": (v.optional_text, v.name_grammar, v.unique_package_name),
    "title": OPTIONAL_TEXT,
    "owner_org": (v.optional, v.owner_org),
    "metadata_created": (v.ignored,),
    "metadata_modified": (v.ignored,),
}

MEMBER_REFERENCE: Schema = {
    "name": (v.required, v.text),
    "capacity": OPTIONAL_TEXT,
}

COMMUNITY_CREATE: Schema = {
    "id": (v.optional_text, v.sysadmin_only, v.uuid_text, v.new_id_in("community")),
    "name": (v.required, v.text, v.name_grammar, v.unique_community_name),
    "title": OPTIONAL_TEXT,
    "description": OPTIONAL_TEXT,
    "image_url": OPTIONAL_TEXT,
    "type": (v.optional_text, v.text, v.at_most(100)),
    "state": (v.optional_text, v.ignored_unless_community_admin, v.one_of("active", "deleted")),
    "approval_status": OPTIONAL_TEXT,
    "extras": Each(EXTRA),
    "users": Each(MEMBER_REFERENCE),
    "groups": Each(MEMBER_REFERENCE),
    "packages": (v.ignored,),
}

COMMUNITY_UPDATE: Schema = {
    **COMMUNITY_CREATE,
    "id": (v.ignored,),
    "name": (v.optional_text, v.name_grammar, v.unique_community_name),
}

USER_CREATE: Schema = {
    "id": (v.optional_text, v.sysadmin_only, v.uuid_text, v.new_id_in("user_account")),
    "name": (v.required, v.name_grammar, v.unique_user_name),
    "fullname": OPTIONAL_TEXT,
    "email": (v.required, v.text, v.stripped, v.email_address, v.unique_email),
    "password": (v.required, v.password),
    "about": OPTIONAL_TEXT,
    "image_url": OPTIONAL_TEXT,
    "sysadmin": (v.optional, v.ignored_unless_sysadmin, v.boolean),
    "activity_streams_email_notifications": (v.optional, v.boolean),
}

#: beside ``id``, which names the user
USER_UPDATE: Schema = {
    "name": (v.optional, v.ignored_unless_sysadmin, v.text, v.name_grammar, v.unique_user_name),
    "fullname": OPTIONAL_TEXT,
    "email": (v.required, v.text, v.stripped, v.email_address, v.unique_email),
    "password": (v.optional, v.password),
    "about": OPTIONAL_TEXT,
    "image_url": OPTIONAL_TEXT,
    "state": (v.optional_text, v.ignored_unless_sysadmin, v.one_of("active", "deleted")),
    "sysadmin": (v.optional, v.ignored_unless_sysadmin, v.boolean),
    "activity_streams_email_notifications": (v.optional, v.boolean),
}

#: a natural number that may be left out
_PAGE = (v.optional, v.natural)

PAGE: Schema = {"limit": _PAGE, "offset": _PAGE}

AUTOCOMPLETE: Schema = {"q": (v.given, v.text), "limit": _PAGE}
