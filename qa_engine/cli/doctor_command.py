"""qa-engine doctor: is everything the service needs there and sound?"""

from __future__ import annotations

from collections.abc import Iterator

import typer

from qa_engine.cli import checkup
from qa_engine.cli.checkup import Finding, State
from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import StoreUnusable, open_database
from qa_engine.cli.words import stdout, tell
from qa_engine.settings import Settings
from qa_engine.store.migrations import schema_state

HELP = """
体检：逐项检查数据库、密钥、模型、评分表和磁盘。

也看数据文件夹、时钟和工作进程；说出问题和处理办法。

✔ 正常，！ 值得留意，✘ 有问题；有 ✘ 时退出码为 1。只看不改。哈希链的完整核对见 qa-engine audit verify。

例：qa-engine doctor
"""
_STYLES = {State.GOOD: None, State.DOUBTFUL: "yellow", State.BAD: "red"}


def doctor() -> None:
    """Look at everything and say what was found."""
    bad = doubtful = 0
    for finding in _findings(read_settings()):
        remedy = f"。处理办法：{finding.remedy}" if finding.remedy else ""
        style = _STYLES[finding.state]
        tell(stdout, f"{finding.state.value} {finding.what}：{finding.told}{remedy}", style)
        bad += finding.state is State.BAD
        doubtful += finding.state is State.DOUBTFUL
    if bad or doubtful:
        tell(stdout, f"体检完毕：{bad} 处有问题，{doubtful} 处值得留意。", "red" if bad else "yellow")
    else:
        tell(stdout, "体检完毕：一切正常。", "green")
    raise typer.Exit(1 if bad else 0)


def _findings(settings: Settings) -> Iterator[Finding]:
    yield from checkup.look_at_home(settings)
    findings, keyring = checkup.look_at_keys(settings)
    yield from findings
    try:
        with open_database(settings) as database:
            yield from checkup.look_at_schema(database)
            if schema_state(database).at_head:
                with database.reading() as session:
                    yield from checkup.look_at_stored(session, keyring)
                yield checkup.look_at_clock(settings, database)
    except StoreUnusable as error:
        yield checkup.broken("数据库", error)
    yield checkup.look_at_builtin_scorecards()
    yield from checkup.look_at_models(settings)
