"""qa-engine audit …"""

from __future__ import annotations

import re
from typing import Annotated

import typer

from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import local, now, one_moment, open_store
from qa_engine.cli.words import Command, new_group, stderr, stdout, tell
from qa_engine.store.verification import Fault, Head, heads, verify

audit = new_group("核对哈希链：分数和审计记录有没有被改动或删除。")

_NAMES = {"audit": "审计记录", "scores": "分数"}
_HEAD = re.compile(r"^(audit|scores):(\d{1,18}):([0-9a-f]{64})$")
_SHOWN = 20
_TELL_EVERY = 100_000


@audit.command(
    "verify",
    cls=Command,
    help="逐条核对两条哈希链和它们指向的每一条记录；有不符的退出码为 1。\n\n"
    "末尾如果连同记录一起被删，只有拿以前记下的末尾（qa-engine audit head）才看得出来：用 --head 写上。\n\n"
    "例：qa-engine audit verify",
)
def verify_chains(
    head: Annotated[
        list[str] | None,
        typer.Option(
            "--head", metavar="链:序号:校验值", help="以前记下的末尾，可写多次。", show_default=False
        ),
    ] = None,
) -> None:
    """Check both chains, every record they name, and every record they should name."""
    expected = [_parsed(one) for one in head or []]
    faults: list[Fault] = []
    number = 0
    with open_store(read_settings()) as stored, one_moment(stored.database) as session:
        for fault in verify(session, stored.keyring, expected, _told):
            number += 1
            if number <= _SHOWN:
                faults.append(fault)
        ends = heads(session)
    for end in ends:
        tell(stdout, f"{_NAMES[end.chain]}：共 {end.seq:,} 条，末尾 {end.chain}:{end.seq}:{end.hash}")
    if not number:
        tell(stdout, "核对完毕：没有发现改动、缺失或多出的记录。", "green")
        return
    for fault in faults:
        place = "链外" if fault.seq is None else f"第 {fault.seq} 条"
        tell(stdout, f"✘ {_NAMES[fault.chain]} {place}：{fault.why}。", "red")
    if number > len(faults):
        tell(stdout, f"……另有 {number - len(faults):,} 处未列出。", "red")
    first = next((fault for fault in faults if fault.seq is not None), None)
    where = "" if first is None else f"，最早的一处在{_NAMES[first.chain]}第 {first.seq} 条"
    tell(
        stdout,
        f"核对完毕：发现 {number:,} 处不符{where}。处理办法：从备份找出原来的记录，追查写入者。",
        "red",
    )
    raise typer.Exit(1)


@audit.command(
    "head",
    cls=Command,
    help="显示两条哈希链的末尾。定期把它记在别处（打印、另一套系统），以后可以证明没有被截短。\n\n"
    "例：qa-engine audit head",
)
def show_heads() -> None:
    """Print the ends of the chains."""
    settings = read_settings()
    with open_store(settings) as stored, one_moment(stored.database) as session:
        ends = heads(session)
    for end in ends:
        tell(stdout, f"{end.chain}:{end.seq}:{end.hash}")
    if not ends:
        tell(stderr, "还没有任何记录。")
    tell(stderr, f"时间：{local(now(), settings.zone)}")


def _parsed(text: str) -> Head:
    match = _HEAD.match(text.strip())
    if match is None:
        raise typer.BadParameter("应写成 audit:序号:校验值 或 scores:序号:校验值", param_hint="--head")
    return Head(match[1], int(match[2]), match[3])


def _told(chain: str, seq: int) -> None:
    if seq % _TELL_EVERY == 0:
        tell(stderr, f"核对中：{_NAMES[chain]}，{seq:,} 条")
