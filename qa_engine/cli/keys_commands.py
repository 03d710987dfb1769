"""qa-engine keys …"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import Stored, StoreUnusable, open_store
from qa_engine.cli.words import Command, new_group, stderr, stdout, tell
from qa_engine.settings import Settings
from qa_engine.store.rotation import key_usage, reseal
from qa_engine.store.sealing import Keyring, load_keyring, save_keyring

keys = new_group("密钥：查看、轮换、停用。原文用它们加密。")


@keys.command(
    "list", cls=Command, help="列出密钥和各自加密了多少通会话；不显示密钥本身。\n\n例：qa-engine keys list"
)
def list_keys() -> None:
    """List the keys and what is sealed with each."""
    with open_store(read_settings()) as stored:
        usage = _usage(stored)
    table = Table(box=None, header_style="dim")
    for name in ("密钥", "当前", "会话"):
        table.add_column(name, no_wrap=name == "密钥", justify="right" if name == "会话" else "left")
    missing = sorted(set(usage) - set(stored.keyring.keys))
    for key_id in [*stored.keyring.keys, *missing]:
        mark = "✓" if key_id == stored.keyring.current else "缺失" if key_id in missing else ""
        table.add_row(key_id, mark, f"{usage.get(key_id, 0):,}")
    stdout.print(table)
    if missing:
        tell(stdout, f"缺少密钥 {'、'.join(missing)}：用它们加密的原文读不了。处理办法：从备份找回。", "red")
        raise typer.Exit(1)


@keys.command(
    "rotate",
    cls=Command,
    help="换用一把新密钥，并把已有的原文逐批改用它加密；服务不用停，中途停止后再运行一次会接着做。\n\n"
    "旧密钥留在密钥文件里，直到 keys retire：更早的备份还要用它。多台机器时先用 --add-only 加一把，"
    "把密钥文件发到每一台，再轮换。\n\n例：qa-engine keys rotate",
)
def rotate(
    add_only: Annotated[bool, typer.Option("--add-only", help="只加一把新密钥，先不用它。")] = False,
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="秒", min=0, help="等运行中的服务换用新密钥，再开始改密。"),
    ] = 10,
) -> None:
    """Make a new key current and seal everything with it."""
    settings = read_settings()
    with open_store(settings) as opened, _alone(settings):
        keyring = _with_new_key(settings, opened, add_only)
        if keyring is None:
            return
        stored = Stored(settings, opened.database, keyring)
        if sum(number for key_id, number in _usage(stored).items() if key_id != keyring.current):
            time.sleep(wait)
        resealed = reseal(stored.database, keyring, told=_told)
        stored.audit(
            "keys.rotated", f"key:{keyring.current}", resealed=resealed.done, unopened=dict(resealed.unopened)
        )
    tell(stdout, f"当前密钥是 {keyring.current}，改密 {resealed.done:,} 通。")
    for key_id, number in resealed.unopened.items():
        why = "密钥不在密钥文件里" if key_id not in keyring.keys else "内容被改动过"
        tell(stdout, f"✘ {number:,} 通仍用 {key_id} 加密，打不开：{why}。", "red")
    if resealed.unopened:
        raise typer.Exit(1)


@keys.command(
    "retire",
    cls=Command,
    help="从密钥文件移除一把不再使用的旧密钥。用它加密的旧备份此后读不了原文（带密钥的备份除外）。\n\n"
    "例：qa-engine keys retire k20260301-1",
)
def retire(
    key_id: Annotated[str, typer.Argument(metavar="密钥", help="见 qa-engine keys list。")],
) -> None:
    """Drop a key nothing is sealed with."""
    settings = read_settings()
    with open_store(settings) as stored, _alone(settings):
        _insist_on_file(settings)
        keyring = load_keyring(settings.keys)
        if key_id not in keyring.keys:
            raise StoreUnusable(f"没有密钥 {key_id}。处理办法：用 qa-engine keys list 查看。")
        if key_id == keyring.current:
            raise StoreUnusable(f"{key_id} 是当前密钥，不能停用。处理办法：先运行 qa-engine keys rotate。")
        used = _usage(stored).get(key_id, 0)
        if used:
            raise StoreUnusable(
                f"还有 {used:,} 通会话用 {key_id} 加密，不能停用。处理办法：先运行 qa-engine keys rotate。"
            )
        save_keyring(settings.keys, keyring.without(key_id))
        stored.audit("keys.retired", f"key:{key_id}")
    tell(stdout, f"已停用 {key_id}。")


def _with_new_key(settings: Settings, stored: Stored, add_only: bool) -> Keyring | None:
    """The keys to seal with; None when a key was only added. An unfinished rotation is gone on with."""
    # Read again: another command may have changed the file before this one was alone.
    keyring = stored.keyring if settings.keyring is not None else load_keyring(settings.keys)
    others = sum(number for key_id, number in _usage(stored).items() if key_id != keyring.current)
    if others and not add_only:
        tell(
            stderr,
            f"有 {others:,} 通会话还用别的密钥加密：接着改用当前密钥 {keyring.current}，不另加新密钥。",
        )
        return keyring
    _insist_on_file(settings)
    spare = None if add_only else _spare(keyring)
    rotated = keyring.rotated() if spare is None else Keyring(keyring.root, spare, keyring.keys)
    if add_only:
        save_keyring(settings.keys, Keyring(keyring.root, keyring.current, rotated.keys))
        stored.audit("keys.added", f"key:{rotated.current}")
        tell(
            stdout, f"已加入密钥 {rotated.current}，还没有启用。把密钥文件发到每一台机器后运行 keys rotate。"
        )
        return None
    save_keyring(settings.keys, rotated)
    return rotated


def _spare(keyring: Keyring) -> str | None:
    """A key that was added and never used: newer than the current one."""
    newer = list(keyring.keys)[list(keyring.keys).index(keyring.current) + 1 :]
    return newer[-1] if newer else None


def _insist_on_file(settings: Settings) -> None:
    if settings.keyring is not None:
        raise StoreUnusable(
            "密钥来自环境变量 QA_ENGINE_KEYRING，这里改不了它。处理办法：把它的内容存成文件，"
            "用 QA_ENGINE_KEY_FILE 指向它运行 keys rotate，再把新内容放回环境变量。"
        )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Two commands that change the keys at once would lose one of the new keys, and texts with it."""
    lock = settings.keys.with_name(f"{settings.keys.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreUnusable("另一个 qa-engine keys 命令正在运行。处理办法：等它结束。") from error
        yield


def _usage(stored: Stored) -> dict[str, int]:
    with stored.database.reading() as session:
        return key_usage(session)


def _told(done: int) -> None:
    if done % 10_000 < 200:
        tell(stderr, f"改密中：{done:,} 通", "dim")
