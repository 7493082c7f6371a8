"""The address of an API as harvest.yml gives it: without a query, because queries carry keys and are made here."""

from __future__ import annotations

from urllib.parse import urlsplit

from catalog.errors import ConfigurationError, Label, Place
from harvesters.base import HarvestSource


def api_address(source: HarvestSource) -> str:
    """Return the address.

    Raises
    ------
    ConfigurationError
        If it has a query or a fragment; the message does not repeat it, since it may have a key.
    """
    parts = urlsplit(str(source.url))
    if parts.query or parts.fragment:
        key = f"{source.name}.url"
        raise ConfigurationError(
            f"「{key}」に「?」や「#」より後を書かないでください",
            f"{key} must end before ? and #",
            next_step=Label(
                "条件は options に書いてください。鍵を書いていた場合は、消して発行し直してください",
                "Write conditions in the options; a key that stood there must be removed and issued anew",
            ),
            place=Place(file=source.file.name, cell=key),
            key=key,
        )
    return parts.geturl().rstrip("/")
