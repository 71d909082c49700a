"""Where a request comes from: the peer, what a trusted proxy says of it, the name it was sent to.

A header is believed only when the peer itself is among the trusted addresses. Not here: what is done about it.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

Networks = Sequence[IPv4Network | IPv6Network]
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_trusted(address: str | None, trusted: Networks) -> bool:
    """Return whether an address is of `trusted`; one that cannot be read never is."""
    read = _read(address)
    return read is not None and any(read in network for network in trusted)


def peer(request: HTTPConnection) -> str | None:
    """Return the address at the other end of the connection, None where there is none (a socket file)."""
    return request.client.host if request.client else None


def client(request: HTTPConnection, trusted: Networks) -> str:
    """Return the address that the request comes from: behind trusted proxies the last one that is not theirs."""
    here = peer(request) or "unknown"
    hops = [hop.strip() for line in request.headers.getlist("x-forwarded-for") for hop in line.split(",")]
    while hops and is_trusted(here, trusted):
        here = hops.pop()
    return here


def is_secure(request: HTTPConnection, trusted: Networks) -> bool:
    """Return whether the browser speaks HTTPS, to this server or to the trusted proxy in front."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    return request.scope["scheme"] == "https" or (forwarded == "https" and is_trusted(peer(request), trusted))


def host_name(host: str) -> str:
    """Return a Host header's name, in lower case and without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def is_loopback(host: str) -> bool:
    """Return whether a server bound to `host` can be reached from this machine alone."""
    read = _read(host)
    return host == "localhost" or (read is not None and read.is_loopback)


def _read(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        read = ip_address(address or "")
    except ValueError:
        return None
    return (read.ipv4_mapped or read) if isinstance(read, IPv6Address) else read
