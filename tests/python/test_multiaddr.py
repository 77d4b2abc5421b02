from __future__ import annotations

import contextlib
import ipaddress
import pickle
from typing import Any

import multiaddr as independent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idn.multiformats import Cid, Multiaddr, Multihash

PEER = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"
ED25519_PEER = "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV"

# Of the tests of https://github.com/multiformats/go-multiaddr (MIT licence): the protocols spoken here.
GOOD = [
    "/ip4/1.2.3.4",
    "/ip4/0.0.0.0",
    "/ip6/::1",
    "/ip6/2601:9:4f81:9700:803e:ca65:66e8:c21",
    "/ip6/::ffff:127.0.0.1/tcp/111",
    "/ip4/127.0.0.1/udp/123/ip6/::",
    "/udp/0",
    "/tcp/0",
    "/udp/1234",
    "/tcp/65535",
    f"/p2p/{PEER}",
    f"/p2p/{ED25519_PEER}",
    "/p2p/QmbHVEEepCi7rn7VL7Exxpd2Ci9NNB6ifvqwhsrbRMgQFP/unix/a/b/c",
    f"/p2p/{PEER}/tcp/1234",
    "/ip4/127.0.0.1/udp/1234",
    f"/ip4/127.0.0.1/p2p/{PEER}/tcp/1234",
    "/unix/a/b/c/d/e",
    "/unix/stdio",
    "/ip4/1.2.3.4/tcp/80/unix/a/b/c/d/e/f",
    f"/ip4/127.0.0.1/p2p/{PEER}/tcp/1234/unix/stdio",
    "/memory/4",
]
BAD = [
    "/ip4",
    "/ip4/::1",
    "/ip4/fdpsofodsajfdoisa",
    "/ip6",
    "/udp",
    "/tcp",
    "/udp/65536",
    "/tcp/65536",
    "/ip4/127.0.0.1/udp/jfodsajfidosajfoidsa",
    "/ip4/127.0.0.1/udp",
    "/ip4/127.0.0.1/tcp/jfodsajfidosajfoidsa",
    "/ip4/127.0.0.1/tcp",
    "/ip4/127.0.0.1/p2p",
    "/ip4/127.0.0.1/p2p/tcp",
    "/unix",
    "/ip4/1.2.3.4/tcp/80/unix",
    "/ip4/1.2.3.4/tcp/-1",
    f"/memory/{1 << 63}1",
    "/",
    "",
    "/p2p/QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY",
]
# Taken there and refused here, where an address has one text: what it is to be instead.
OTHER_FORMS = {
    "/ip4/127.0.0.1/tcp/1234/": r"byte 24: expected a protocol",
    "/p2p/bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm": rf"is a CID; write .* {PEER}",
    "/p2p/bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u": ED25519_PEER,
    "/p2p/k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7": "expected a multihash in base58",
    "/ip6/2001:DB8::1": "to be written 2001:db8::1",
    "/ip6/0:0:0:0:0:0:0:1": "to be written ::1",
    "/tcp/0080": "leading zero",
}
# Bytes of go-multiaddr's own tests.
BINARY = {
    "/ip4/127.0.0.1/udp/1234": "047f000001910204d2",
    "/ip4/127.0.0.1/tcp/4321": "047f0000010610e1",
    "/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321": "047f000001910204d2047f0000010610e1",
}


@pytest.mark.parametrize("text", GOOD)
def test_the_published_addresses_are_read_and_written_again(text: str) -> None:
    address = Multiaddr(text)
    assert str(address) == text
    assert Multiaddr.from_bytes(address.bytes()) == address


@pytest.mark.parametrize("text", BAD)
def test_what_is_published_as_wrong_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^address .* is refused at byte \d+: "):
        Multiaddr(text)


@pytest.mark.parametrize("text", OTHER_FORMS)
def test_another_form_is_refused_with_the_one_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=OTHER_FORMS[text]):
        Multiaddr(text)


@pytest.mark.parametrize("text", BINARY)
def test_the_published_bytes_are_written(text: str) -> None:
    assert Multiaddr(text).bytes().hex() == BINARY[text]
    assert str(Multiaddr.from_bytes(bytes.fromhex(BINARY[text]))) == text


def rfc_5952(number: int) -> str:
    """The text of an IPv6 address by Python; versions before 3.13 write mapped addresses without dots."""
    address = ipaddress.IPv6Address(number)
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


def ipv6_addresses() -> st.SearchStrategy[int]:
    """Addresses with runs of zeros: the groups that a mask of eight bits names are zero."""
    zeros = [sum(0xFFFF << 16 * group for group in range(8) if mask >> group & 1) for mask in range(256)]
    return st.builds(
        lambda number, mask: number & ~zeros[mask], st.integers(0, 2**128 - 1), st.integers(0, 255)
    )


@given(number=ipv6_addresses() | st.integers(0, 2**32 - 1).map(lambda low: 0xFFFF << 32 | low))
def test_ip6_is_written_as_python_writes_it(number: int) -> None:
    address = Multiaddr.from_bytes(b"\x29" + number.to_bytes(16, "big"))
    assert str(address) == f"/ip6/{rfc_5952(number)}"
    assert Multiaddr(str(address)) == address


@given(text=st.text(alphabet="0123456789abcfF:.%", max_size=24))
def test_ip6_is_read_only_where_python_reads_the_same(text: str) -> None:
    try:
        value = Multiaddr(f"/ip6/{text}").bytes()[1:]
    except ValueError:
        with contextlib.suppress(ipaddress.AddressValueError):
            assert rfc_5952(int(ipaddress.IPv6Address(text))) != text
    else:
        assert ipaddress.IPv6Address(text).packed == value


@given(numbers=st.lists(st.integers(0, 300).map(str) | st.sampled_from(["", "00", "01", "1e2"]), max_size=5))
def test_ip4_is_read_exactly_where_python_reads_it(numbers: list[str]) -> None:
    text = ".".join(numbers)
    try:
        expected = ipaddress.IPv4Address(text).packed
    except ipaddress.AddressValueError:
        with pytest.raises(ValueError, match="at byte"):
            Multiaddr(f"/ip4/{text}")
    else:
        assert Multiaddr(f"/ip4/{text}").bytes() == b"\x04" + expected


def addresses() -> st.SearchStrategy[str]:
    """Addresses of what both implementations know, in their canonical text."""
    labels = st.sampled_from(["a", "node-7", "xn--bcher-kva", "example", "org"])
    values = {
        "ip4": st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address),
        "ip6": ipv6_addresses().map(rfc_5952),
        "dns": st.lists(labels, min_size=1, max_size=3).map(".".join),
        "tcp": st.integers(0, 65535),
        "p2p": st.sampled_from([PEER, ED25519_PEER]),
    }
    values |= {"dns4": values["dns"], "dns6": values["dns"], "udp": values["tcp"]}
    part = st.one_of([st.builds(f"/{name}/{{}}".format, value) for name, value in values.items()])
    path = st.sampled_from(["", "", "/unix/tmp/peer.sock", "/unix//a b/ü", "/unix/ip4/1.2.3.4"])
    return st.builds(lambda parts, path: "".join(parts) + path, st.lists(part, min_size=1, max_size=4), path)


@given(text=addresses())
def test_an_independent_implementation_has_the_same_bytes(text: str) -> None:
    address = Multiaddr(text)
    assert str(address) == text
    assert address.bytes() == independent.Multiaddr(text).to_bytes()
    theirs = independent.Multiaddr(address.bytes())
    assert [protocol.name for protocol in theirs.protocols()] == [name for name, _ in address.parts]


@given(outer=addresses(), inner=addresses())
def test_what_was_put_inside_comes_out_again(outer: str, inner: str) -> None:
    first, second = Multiaddr(outer), Multiaddr(inner)
    if "/unix/" in outer:
        with pytest.raises(ValueError, match="nothing can follow a unix path"):
            first.encapsulate(second)
        return
    both = first.encapsulate(second)
    assert str(both) == outer + inner
    assert both.parts == first.parts + second.parts
    assert both.bytes() == first.bytes() + second.bytes()
    assert both.decapsulate(second) == first
    assert both.decapsulate(both) is None
    assert first.decapsulate(both) == first


def again(make: Any, value: Any) -> bool:
    """Whether an address was read, and then written again as it was."""
    try:
        address = make(value)
    except UnicodeEncodeError:
        return False
    except ValueError as error:
        if "is refused at byte" not in str(error):
            raise
        return False
    assert value in (str(address), address.bytes())
    assert address == Multiaddr(str(address)) == Multiaddr.from_bytes(address.bytes())
    return True


@given(text=st.text(max_size=60) | st.text(alphabet="/ip46tcpunxdsm012.:\n\0ü", max_size=40))
def test_any_text_is_refused_or_comes_out_the_same(text: str) -> None:
    again(Multiaddr, text)
    again(Multiaddr, f"/unix/{text}")
    again(Multiaddr, f"/dns/{text}/tcp/1")


@given(data=st.binary(max_size=60))
def test_any_bytes_are_refused_or_come_out_the_same(data: bytes) -> None:
    again(Multiaddr.from_bytes, data)
    again(Multiaddr.from_bytes, b"\x90\x03" + len(data).to_bytes(1, "big") + data)
    again(Multiaddr.from_bytes, b"\x36" + len(data).to_bytes(1, "big") + data)
    assert again(Multiaddr.from_bytes, b"\x89\x06" + data[:8].rjust(8, b"\0"))


@given(text=addresses(), place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_another_address(text: str, place: int, value: int) -> None:
    data = bytearray(Multiaddr(text).bytes())
    data[place % len(data)] = value
    again(Multiaddr.from_bytes, bytes(data))


def test_a_wrong_address_is_a_value_error_with_position_and_reason() -> None:
    with pytest.raises(
        ValueError, match=r"^address '/ip4/1\.2\.3' is refused at byte 10: ip4: .* fewer than four"
    ):
        Multiaddr("/ip4/1.2.3")
    with pytest.raises(ValueError, match=r"^the address is refused at byte 1: ip4: the value has 4 bytes"):
        Multiaddr.from_bytes(b"\x04\x01")
    with pytest.raises(ValueError, match=r"more than 4096 characters"):
        Multiaddr("/unix/" + "a" * 5000)
    with pytest.raises(ValueError, match=r"not 44|1 to 42 bytes"):
        Multiaddr(f"/p2p/{Multihash.digest(bytes(44), 'identity')}")
    with pytest.raises(ValueError, match="identity, not sha1"):
        Multiaddr(f"/p2p/{Multihash.digest(b'', 'sha1')}")
    with pytest.raises(TypeError):
        Multiaddr.from_bytes("/ip4/1.2.3.4")


def test_a_peer_may_have_any_hash_that_a_node_may_have() -> None:
    for function in ("sha2-256", "sha3-256", "keccak-256"):
        name = Multihash.digest(b"key", function)
        assert Multiaddr(f"/p2p/{name}").parts == [("p2p", str(name))]
        with pytest.raises(ValueError, match=f"write its multihash in base58: {name}"):
            Multiaddr(f"/p2p/{Cid.v1('libp2p-key', name)}")


def test_addresses_are_values() -> None:
    one, same, other = Multiaddr("/tcp/1"), Multiaddr("/tcp/1"), Multiaddr("/unix/it's")
    assert len({one, same, other}) == 2
    assert sorted([one, other]) == sorted([other, one])
    assert repr(one) == "Multiaddr('/tcp/1')"
    assert eval(repr(other)) == other
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != "/tcp/1"
    assert bytes(one) == one.bytes() == b"\x06\x00\x01"
    assert other.parts == [("unix", "/it's")]
