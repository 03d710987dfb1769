"""Which addresses a webhook may be sent to: none that would reach into our own network."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from qa_engine.domain.errors import QAEngineError

LONGEST = 2000
_NAT64 = IPv6Network("64:ff9b::/96")
# Of no use in the public internet although Python calls (parts of) them global: protocol assignments, where
# a cloud keeps its metadata, and the old site-local addresses.
_PROTOCOL = IPv4Network("192.0.0.0/24")
_OWN_NAMES = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")


class UnusableAddress(QAEngineError):
    """An address no webhook may be sent to; ``str`` is its code, ``zh`` and ``en`` say why."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A checked address, in pieces. ``target``: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port, as the ``Host`` header says them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def parse_address(url: str, *, private: bool) -> WebAddress:
    """Read and check an address as far as its text goes; names are resolved when something is sent.

    Args:
        url: as somebody wrote it.
        private: plain HTTP and private addresses are allowed.

    Raises:
        UnusableAddress: nothing may be sent there.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _malformed() from None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if parts.scheme not in ("http", "https") or not host or not plain or len(url) > LONGEST:
        raise _malformed()
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UnusableAddress(
            "address_with_credentials",
            "地址里不能带用户名、密码或 # 片段",
            "The address must hold no credentials and no fragment",
        )
    if parts.scheme == "http" and not private:
        raise UnusableAddress(
            "address_not_https", "地址必须以 https:// 开头", "The address must begin with https://"
        )
    if not private:
        _insist_on_public_name(host)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebAddress(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), target)


def insist_on_public(addresses: list[str]) -> None:
    """Check what a name resolved to: one private address among them is one too many.

    Raises:
        UnusableAddress: one of them is not in the public internet.
    """
    for address in addresses:
        # A zone (``fe80::1%eth0``) belongs to link-local addresses only.
        found = ip_address(address.partition("%")[0])
        if not _is_public(found):
            raise _private()


def _insist_on_public_name(host: str) -> None:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(_OWN_NAMES):
        raise _private()
    try:
        found = ip_address(name)
    except ValueError:
        # Old notations of numbers (127.1, 0x7f000001) are names to us and addresses to resolvers.
        if "." not in name or _numeric(name):
            raise _private() from None
        return
    if not _is_public(found):
        raise _private()


def _numeric(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner and not _is_public(inner):
            return False
        # NAT64 carries an IPv4 address in its last 32 bits.
        if address in _NAT64:
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.is_site_local:
            return False
    elif address in _PROTOCOL:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _malformed() -> UnusableAddress:
    return UnusableAddress(
        "address_malformed",
        "地址写得不对：应为 https://主机/路径，不超过 2000 个字符",
        "The address must look like https://host/path, at most 2000 characters",
    )


def _private() -> UnusableAddress:
    return UnusableAddress(
        "address_private",
        "地址指向内网或本机，不允许；内网部署请由管理员设置 QA_ENGINE_WEBHOOK_PRIVATE=true",
        "The address is private; inside a closed network set QA_ENGINE_WEBHOOK_PRIVATE=true",
    )
