"""Actions about the site itself."""

from __future__ import annotations

from typing import Any

from catalog.embedded.errors import NotFound
from catalog.embedded.licenses import all_licenses
from catalog.embedded.registry import ACTIONS, Call, action, need
from catalog.errors import Label

#: the version of CKAN whose action API this is
CKAN_VERSION = "2.12.0"


#: what CKAN's core lacks and this has: packages of the type ``release``, whose files can be downloaded
EXTENSIONS = ("shihyo",)


@action()
def status_show(call: Call, _given: dict[str, Any]) -> dict[str, Any]:
    """サイトの設定を返す。 Return what the site is.

    :rtype: dictionary
    """
    return {
        "site_title": call.site.title,
        "site_description": "",
        "site_url": call.site.url,
        "error_emails_to": "",
        "locale_default": call.site.lang,
        "extensions": list(EXTENSIONS),
        "ckan_version": CKAN_VERSION,
    }


@action()
def site_read(_call: Call, _given: dict[str, Any]) -> bool:
    """サイトを閲覧できれば true を返す。 Return true if the site may be read.

    :rtype: boolean
    """
    return True


@action()
def license_list(call: Call, _given: dict[str, Any]) -> list[dict[str, Any]]:
    """データセットに使えるライセンスの一覧を返す。 Return the licences a dataset may have.

    :rtype: list of dictionaries
    """
    return [item.to_dict(call.lang) for item in all_licenses().values()]


@action()
def help_show(_call: Call, given: dict[str, Any]) -> str:
    """アクションの説明を返す。 Return the help of an action.

    :param name: アクションの名前。 The name of the action.
    :rtype: string
    """
    known = ACTIONS.get(str(need(given, "name")))
    if known is None:
        raise NotFound(Label("そのアクションはありません", "Action function not found"))
    return known.help
