"""Which addresses are the public internet's: pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_UNICAST = IPv6Network("2000::/3")  # all that is given out to the public so far
# Within what Python calls global, what leads elsewhere: to an IPv4 address inside, or to nobody in particular.
_NOT_PUBLIC = (
    ip_network("192.0.0.0/24"),  # protocols, of which older Pythons know a part
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("2001::/23"),  # protocols, Teredo among them
    ip_network("2002::/16"),  # 6to4
    ip_network("3fff::/20"),  # documentation, unknown to older Pythons
)


def is_public(text: str) -> bool:
    """Whether the address is one that anybody on the internet may ask, as far as its number tells.

    Sources: IANA's special-purpose address registries for IPv4 and IPv6 (read 2026-11), most of which Python knows.
    NAT64, IPv4-mapped and IPv4-compatible addresses lie outside 2000::/3, as do link-local and unique local ones.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _UNICAST:
        return False
    return not any(address.version == net.version and address in net for net in _NOT_PUBLIC)
