"""Network addresses: what a setting may name, what a proxy may state, and what is counted as one."""

import pytest

from core.errors import InvalidInput
from core.settings import read_settings
from core.throttling.networks import counted_source, is_in, is_loopback, parse_address, parse_network


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9:51234 ", "203.0.113.9"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:172.30.80.10", "172.30.80.10"),
        ("unknown", None),
        ("", None),
        ("203.0.113.900", None),
        ("[", None),
    ],
)
def test_an_address_is_read_as_proxies_write_it(text, address):
    found = parse_address(text)

    assert (str(found) if found else None) == address


def test_an_address_of_ipv4_in_ipv6_lies_in_the_network_of_ipv4():
    networks = [parse_network("172.30.80.0/24"), parse_network("2001:db8::/32")]

    assert [is_in(text, networks) for text in ("::ffff:172.30.80.10", "2001:db8:9::1", "172.30.81.1", "")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_this_machine_is_known_by_all_its_own_addresses():
    assert [is_loopback(text) for text in ("127.0.0.1", "127.0.0.5", "::1", "::ffff:127.0.0.1", "10.0.0.1", "")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_a_network_of_64_bits_counts_as_one():
    assert counted_source("2001:db8:1:2:aaaa::1") == counted_source("2001:db8:1:2::ffff") == "2001:db8:1:2::/64"
    assert counted_source("198.51.100.7") == counted_source("::ffff:198.51.100.7") == "198.51.100.7"
    assert counted_source("testclient") == "testclient"


def test_proxies_are_stated_as_addresses_and_networks():
    stated = read_settings({"QUDAO_TRUSTED_PROXIES": " 172.30.80.10, 10.0.0.0/8 ,::1"})

    assert stated.trusted_proxies == {"172.30.80.10", "10.0.0.0/8", "::1"}
    assert [is_in(text, stated.trusted_networks) for text in ("10.9.8.7", "172.30.80.11")] == [True, False]
    assert read_settings({}).trusted_networks == ()


@pytest.mark.parametrize(
    "entry", ["proxy", "10.0.0.5/24", "10.0.0.0/33", "0.0.0.0/0", "::/0", "*", "10.0.0.1;10.0.0.2"]
)
def test_a_proxy_that_is_no_address_is_refused_by_name(entry):
    with pytest.raises(InvalidInput) as refused:
        read_settings({"QUDAO_TRUSTED_PROXIES": f"172.30.80.10,{entry}"})

    assert refused.value.code == "settings.not_a_network"
    assert entry in refused.value.text
