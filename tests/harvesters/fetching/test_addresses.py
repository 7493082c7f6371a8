"""Which addresses a harvester may connect to."""

from __future__ import annotations

import pytest

from catalog.errors import ForbiddenAddress
from harvesters.fetching.addresses import anything, is_public, resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:53aa:64c:0:f:80ff:fffe",
    ],
)
def test_private_loopback_and_link_local_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "203.104.128.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_a_host_with_one_forbidden_address_is_refused_as_a_whole() -> None:
    with pytest.raises(ForbiddenAddress, match="SHIHYO_ALLOW_PRIVATE_ADDRESSES"):
        resolve("127.0.0.1", 80, is_public)


def test_a_permitted_host_gives_its_addresses_once_each() -> None:
    assert resolve("127.0.0.1", 80, anything) == ["127.0.0.1"]
