"""Keys and sealed text: AES-256-GCM for what must be read again, HMAC for what must only be found again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qa_engine.domain.errors import QAEngineError

SCHEMA = "qa-engine-keys/1"
_NONCE = 12
_KEY = 32


class KeyringError(QAEngineError):
    """The keys cannot be read; nothing can be opened or stored without them."""

    def __init__(self, where: str, why: str, remedy: str) -> None:
        super().__init__(f"密钥{where}：{why}。处理办法：{remedy}。")


class Unsealable(QAEngineError):
    """A sealed text cannot be opened: its key is missing, or it was changed."""

    def __init__(self, key_id: str, why: str) -> None:
        super().__init__(f"加密内容无法打开（密钥 {key_id}）：{why}。")


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of one installation.

    Attributes:
        root: 32 bytes from which the keys of references and of the hash chains are derived. It is never
            rotated: what was found or chained with it could not be found or checked again.
        current: id of the key that seals from now on.
        keys: id → 32 bytes; older ones stay until nothing is sealed with them.
    """

    root: bytes = field(repr=False)
    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def fresh(cls) -> Keyring:
        """New keys from the system's randomness."""
        return cls(secrets.token_bytes(_KEY), (first := _new_id({})), {first: secrets.token_bytes(_KEY)})

    @classmethod
    def parse(cls, text: str | bytes, where: str = "变量") -> Keyring:
        """Read keys from the JSON that ``dump`` wrote.

        Raises:
            KeyringError: it is none, or keys are missing.
        """
        remedy = "恢复备份的密钥；没有它，已加密的原文无法再读"
        try:
            data = orjson.loads(text)
            if data["schema"] != SCHEMA:
                raise KeyringError(where, f"格式不是 {SCHEMA}", remedy)
            root = base64.b64decode(data["root"], validate=True)
            keys = {str(k): base64.b64decode(v, validate=True) for k, v in data["keys"].items()}
            current = str(data["current"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise KeyringError(where, f"内容不完整（{type(error).__name__}）", remedy) from None
        if current not in keys or any(len(key) != _KEY for key in (root, *keys.values())):
            raise KeyringError(where, "密钥长度不对，或缺少当前密钥", remedy)
        return cls(root, current, keys)

    def dump(self) -> bytes:
        """Write the keys as JSON. Whoever has this text can read everything."""
        fields = {
            "schema": SCHEMA,
            "root": base64.b64encode(self.root).decode(),
            "current": self.current,
            "keys": {name: base64.b64encode(key).decode() for name, key in self.keys.items()},
        }
        return orjson.dumps(fields, option=orjson.OPT_INDENT_2)

    def rotated(self) -> Keyring:
        """The same keys with a new current one."""
        name = _new_id(self.keys)
        return Keyring(self.root, name, {**self.keys, name: secrets.token_bytes(_KEY)})

    def without(self, key_id: str) -> Keyring:
        """The same keys less one that is not current.

        Raises:
            ValueError: it is the current key.
        """
        if key_id == self.current:
            raise ValueError("the current key cannot be dropped")
        return Keyring(self.root, self.current, {k: v for k, v in self.keys.items() if k != key_id})

    def seal(self, plain: bytes, context: str) -> tuple[str, bytes]:
        """Compress and encrypt; returns (key id, nonce + ciphertext).

        ``context`` names where the text belongs (``transcript:REF:VERSION``) and is needed to open it: a
        sealed text that was moved to another row does not open.
        """
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, zlib.compress(plain), context.encode())
        return self.current, nonce + sealed

    def open_sealed(self, key_id: str, sealed: bytes, context: str) -> bytes:
        """Decrypt and decompress.

        Raises:
            Unsealable: the key is missing, or text, key or context do not belong together.
        """
        key = self.keys.get(key_id)
        if key is None:
            raise Unsealable(key_id, "密钥文件里没有这把密钥")
        try:
            return zlib.decompress(AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode()))
        except (InvalidTag, zlib.error, ValueError):
            raise Unsealable(key_id, "内容或位置被改动过") from None

    def ref(self, kind: str, *parts: str) -> str:
        """A reference (64 hex digits) by which equal parts are found again, and that tells nothing else."""
        return self._mac("ref", orjson.dumps([kind, *parts]))

    def chain_mac(self, content: bytes) -> str:
        """The keyed hash (64 hex digits) of a chain link."""
        return self._mac("chain", content)

    def _mac(self, purpose: str, content: bytes) -> str:
        key = _derived(self.root, purpose)
        return hmac.new(key, content, hashlib.sha256).hexdigest()


_derivations: dict[tuple[bytes, str], bytes] = {}


def _derived(root: bytes, purpose: str) -> bytes:
    known = _derivations.get((root, purpose))
    if known is None:
        known = HKDF(SHA256(), _KEY, salt=None, info=f"qa-engine {purpose}".encode()).derive(root)
        _derivations[root, purpose] = known
    return known


def _new_id(taken: Mapping[str, Any]) -> str:
    day = datetime.now(UTC).strftime("%Y%m%d")
    number = 1
    while (name := f"k{day}-{number}") in taken:
        number += 1
    return name


class KeyFile:
    """The keys of a running process: follows the key file, so that a rotation needs no restart."""

    def __init__(self, path: Path, inline: str | None = None) -> None:
        self._path = None if inline else path
        self._held = (_mark(self._path), load_keyring(path, inline))

    @property
    def keyring(self) -> Keyring:
        """The keys as the file has them now.

        Raises:
            KeyringError: the file was changed and cannot be read any more.
        """
        mark, keyring = self._held
        found = _mark(self._path)
        # A file that is gone for the moment is no reason to lose the keys one has.
        if self._path is not None and found is not None and found != mark:
            keyring = load_keyring(self._path)
            self._held = (found, keyring)
        return keyring


def _mark(path: Path | None) -> tuple[int, int, int] | None:
    """What changes whenever a file is replaced; None without a file."""
    if path is None:
        return None
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def load_keyring(path: Path, inline: str | None = None) -> Keyring:
    """Read the keys from the variable if given, else from the file; made anew where there is no file.

    Raises:
        KeyringError: they cannot be read, or the file is readable by others.
    """
    if inline:
        return Keyring.parse(inline)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _create(path)
    if mode & 0o077:
        raise KeyringError(f"文件 {path}", "别的用户也能读它", f"运行 chmod 600 {path}")
    return Keyring.parse(path.read_bytes(), f"文件 {path}")


def save_keyring(path: Path, keyring: Keyring) -> None:
    """Replace the key file in one step, readable by its owner only."""
    _written_beside(path, keyring).replace(path)


def _create(path: Path) -> Keyring:
    keyring = Keyring.fresh()
    beside = _written_beside(path, keyring)
    try:
        # A link fails where a rename would silently replace the keys another process made just now.
        os.link(beside, path)
    except FileExistsError:
        return Keyring.parse(path.read_bytes(), f"文件 {path}")
    finally:
        beside.unlink()
    return keyring


def _written_beside(path: Path, keyring: Keyring) -> Path:
    """Write the keys, safely on disk and for their owner only, to a new file in the folder of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(keyring.dump())
        file.flush()
        os.fsync(file.fileno())
    return beside
