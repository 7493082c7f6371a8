"""Which addresses a harvester may connect to: public ones, unless the operator allows private ones.

A source that people may hand in must not make this machine talk to its own network (server-side request forgery). The
check is on the address that is really connected to, not on the name, so a name that resolves differently a moment later
(DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

from catalog.errors import ForbiddenAddress, Label

#: says whether an IP address, as text, may be connected to
Permits = Callable[[str], bool]

#: IPv6 prefix whose last four bytes are an IPv4 address (RFC 6052)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether an address, and any IPv4 address hidden in it, is one of the public internet."""
    ip = ipaddress.ip_address(address.split("%")[0])
    return all(one.is_global and not one.is_multicast for one in (ip, *_embedded(ip)))


def anything(_: str) -> bool:
    """Permit every address: for operators who harvest from their own network."""
    return True


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return [one for one in inner if one is not None]


def resolve(host: str, port: int, permits: Permits) -> list[str]:
    """Return the addresses of a host, all of them permitted.

    Raises
    ------
    ForbiddenAddress
        If one of them is not permitted.
    OSError
        If the name does not resolve.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if not permits(address):
            raise ForbiddenAddress(
                f"「{host}」は公開されていないアドレス（{address}）を指しています",
                f"{host} is at {address}, which is not a public address",
                next_step=Label(
                    "公開URLを使うか、庁内から収集するなら SHIHYO_ALLOW_PRIVATE_ADDRESSES=true を設定してください",
                    "Use a public URL; to harvest from your own network set SHIHYO_ALLOW_PRIVATE_ADDRESSES=true",
                ),
                value=host,
                address=address,
            )
    return addresses
