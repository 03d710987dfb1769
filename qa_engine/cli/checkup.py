"""What ``qa-engine doctor`` looks at: one function a thing, each telling what it found and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.choice import models_home
from models.inventory import take_inventory
from qa_engine.cli.stored import find_keyring, local, now
from qa_engine.domain.errors import ConfigErrors, QAEngineError
from qa_engine.domain.finding import NotEvaluable
from qa_engine.scorecards import builtin_scorecards, load_scorecard, read_scorecard
from qa_engine.settings import Settings
from qa_engine.store.chain import START, Link, link_hash
from qa_engine.store.engine import Database
from qa_engine.store.migrations import drift, schema_state
from qa_engine.store.rotation import key_usage
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import (
    BatchRow,
    ChainHead,
    ChainRow,
    DeliveryRow,
    ReportRow,
    ScorecardRow,
    WorkerRow,
)
from qa_engine.wiring import load_model

_GB = 1024**3
_LITTLE, _TOO_LITTLE = 5 * _GB, _GB
# A worker says that it is alive every few seconds.
_SILENT = timedelta(seconds=60)
_APART = timedelta(minutes=1)
_FIRST_YEAR = 2025


class State(Enum):
    """How a thing was found."""

    GOOD = "✔"
    DOUBTFUL = "！"
    BAD = "✘"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: a Chinese sentence, and what to do about it ("" = nothing)."""

    state: State
    what: str
    told: str
    remedy: str = ""


def look_at_home(settings: Settings) -> Iterator[Finding]:
    """The folder of the service, and the room on its disk."""
    home = settings.home
    if not home.is_dir():
        yield Finding(
            State.BAD,
            "数据文件夹",
            f"{home} 不存在",
            "检查 QA_ENGINE_HOME；第一次使用请先运行 qa-engine serve",
        )
        return
    if home.stat().st_mode & 0o077:
        yield Finding(State.DOUBTFUL, "数据文件夹", f"别的用户也能进入 {home}", f"运行 chmod 700 {home}")
    else:
        yield Finding(State.GOOD, "数据文件夹", str(home.resolve()))
    free = shutil.disk_usage(home).free
    state = State.GOOD if free >= _LITTLE else State.DOUBTFUL if free >= _TOO_LITTLE else State.BAD
    remedy = "" if state is State.GOOD else "腾出空间，或把 QA_ENGINE_HOME 移到更大的磁盘"
    yield Finding(state, "磁盘", f"剩余 {free / _GB:,.1f} GB", remedy)


def look_at_keys(settings: Settings) -> tuple[list[Finding], Keyring | None]:
    """The keys, and whether they can be read by their owner only."""
    try:
        keyring = find_keyring(settings)
    except QAEngineError as error:
        return [broken("密钥", error)], None
    where = "环境变量 QA_ENGINE_KEYRING" if settings.keyring is not None else str(settings.keys)
    told = f"{len(keyring.keys)} 把，当前 {keyring.current}（{where}，只有属主可读）"
    return [Finding(State.GOOD, "密钥", told)], keyring


def look_at_schema(database: Database) -> Iterator[Finding]:
    """Whether the database answers and stands where this version wants it."""
    with database.engine.connect() as connection:
        version = connection.scalar(
            text("SHOW server_version" if database.kind == "postgresql" else "SELECT sqlite_version()")
        )
    name = "PostgreSQL" if database.kind == "postgresql" else "SQLite"
    yield Finding(State.GOOD, "数据库", f"{name} {version}，{database.url.render_as_string()}")
    state = schema_state(database)
    if not state.at_head:
        told = f"数据库是 {state.current or '空'}，本软件是 {state.head}"
        yield Finding(State.BAD, "数据库结构", told, "运行 qa-engine serve，它会升级数据库")
        return
    differences = drift(database)
    if differences:
        told = f"版本 {state.head}，但有 {len(differences)} 处与软件不符"
        yield Finding(State.BAD, "数据库结构", told, "有人改过表或索引：从备份恢复，或改回原样")
    else:
        yield Finding(State.GOOD, "数据库结构", f"版本 {state.head}，与软件一致")


def look_at_stored(session: Session, keyring: Keyring | None) -> Iterator[Finding]:
    """What is in the database: keys used, chains, scorecards, batches, deliveries."""
    if keyring is not None:
        yield _keys_used(session, keyring)
        yield _chains(session, keyring)
    yield _stored_scorecards(session)
    yield _workers(session)
    dead = session.scalar(select(func.count()).where(DeliveryRow.state == "dead")) or 0
    if dead:
        remedy = "修好接收方，再经 /v1/webhooks 重放"
        yield Finding(State.DOUBTFUL, "Webhook", f"{dead:,} 条投递多次失败，已放弃", remedy)
    else:
        yield Finding(State.GOOD, "Webhook", "没有放弃的投递")


def look_at_models(settings: Settings) -> Iterator[Finding]:
    """Whether the files of all models are whole, and which one judges."""
    damaged = [one for one in take_inventory(models_home()).models if one.fault]
    for one in damaged:
        remedy = "重新安装软件，或从备份恢复这些文件"
        yield Finding(State.BAD, "模型文件", f"{one.name} 不完整：{one.fault}", remedy)
    if not damaged:
        yield Finding(State.GOOD, "模型文件", "全部完整")
    model = load_model(settings.model)
    if isinstance(model, NotEvaluable):
        remedy = "用 qa-engine models list 查看，改正 QA_ENGINE_MODEL"
        state = State.GOOD if settings.model == "none" else State.BAD
        yield Finding(state, "模型", model.reason, "" if state is State.GOOD else remedy)
    elif model.info.fallback_reason:
        yield Finding(
            State.DOUBTFUL, "模型", model.info.fallback_reason, "用 qa-engine models verify 查看原因"
        )
    else:
        yield Finding(State.GOOD, "模型", f"{model.info.name} {model.info.version}")


def look_at_builtin_scorecards() -> Finding:
    """Whether the shipped scorecards compile."""
    keys = builtin_scorecards()
    for key in keys:
        try:
            load_scorecard(key)
        except ConfigErrors as error:
            return Finding(
                State.BAD, "内置评分表", f"{key} 读不了，{len(error.errors)} 处错误", "重新安装软件"
            )
    return Finding(State.GOOD, "内置评分表", f"{len(keys)} 份，全部可用")


def look_at_clock(settings: Settings, database: Database) -> Finding:
    """Whether the clock can be right: not before this software, and not far from the database's."""
    here = now()
    told = f"{local(here, settings.zone)}（{settings.time_zone}）"
    remedy = "校准系统时间（NTP）"
    if here.year < _FIRST_YEAR:
        return Finding(State.BAD, "时钟", f"系统时间是 {told}，不可能", remedy)
    with database.reading() as session:
        if database.kind == "postgresql":
            there = session.scalar(text("SELECT clock_timestamp()"))
            if isinstance(there, datetime) and abs(there - datetime.now(UTC)) > _APART:
                return Finding(State.BAD, "时钟", f"与数据库服务器相差 {abs(there - here)}", remedy)
        newest = session.scalar(select(func.max(ChainRow.at)).where(ChainRow.chain == "audit"))
    if newest is not None and newest - here > _APART:
        return Finding(
            State.BAD, "时钟", f"系统时间 {told} 早于最近的审计记录 {local(newest, settings.zone)}", remedy
        )
    return Finding(State.GOOD, "时钟", told)


def _keys_used(session: Session, keyring: Keyring) -> Finding:
    usage = key_usage(session)
    missing = sorted(set(usage) - set(keyring.keys))
    if missing:
        lost = sum(usage[key_id] for key_id in missing)
        told = f"缺少 {'、'.join(missing)}，{lost:,} 通会话的原文读不了"
        return Finding(State.BAD, "密钥与原文", told, "从备份找回密钥文件")
    older = sum(number for key_id, number in usage.items() if key_id != keyring.current)
    if older:
        told = f"{older:,} 通会话还用旧密钥加密"
        return Finding(State.DOUBTFUL, "密钥与原文", told, "运行 qa-engine keys rotate 把轮换做完")
    return Finding(State.GOOD, "密钥与原文", f"{sum(usage.values()):,} 通会话的原文都用当前密钥加密")


def _chains(session: Session, keyring: Keyring) -> Finding:
    """The last link of either chain tells whether these are the keys the chains were made with."""
    told = []
    for head in session.scalars(select(ChainHead).order_by(ChainHead.chain)):
        last = session.get(ChainRow, (head.chain, head.seq))
        before = session.get(ChainRow, (head.chain, head.seq - 1))
        if last is None or last.hash != head.hash:
            return Finding(State.BAD, "哈希链", f"{head.chain} 的末尾缺失", "运行 qa-engine audit verify")
        link = Link(last.kind, last.subject, last.digest, last.at)
        if last.hash != link_hash(keyring, head.chain, head.seq, link, before.hash if before else START):
            remedy = "确认密钥文件属于这个数据库，再运行 qa-engine audit verify"
            return Finding(State.BAD, "哈希链", f"{head.chain} 的末尾与密钥不符", remedy)
        told.append(f"{head.chain} {head.seq:,} 条")
    return Finding(State.GOOD, "哈希链", f"末尾与密钥相符（{'，'.join(told) or '还没有记录'}）")


def _stored_scorecards(session: Session) -> Finding:
    rows = session.scalars(select(ScorecardRow).where(ScorecardRow.state == "published")).all()
    unusable = []
    for row in rows:
        try:
            read_scorecard(row.source, row.key)
        except ConfigErrors:
            unusable.append(f"{row.key} 第 {row.revision} 版")
    if unusable:
        remedy = "用 qa-engine rules lint 查看错误，上传改正后的新版"
        return Finding(State.BAD, "评分表", f"无法使用：{'、'.join(unusable)}", remedy)
    if not rows:
        return Finding(
            State.DOUBTFUL, "评分表", "没有已发布的评分表", "运行 qa-engine serve，或上传并发布一份"
        )
    return Finding(State.GOOD, "评分表", f"已发布 {len(rows)} 份，全部可用")


def _workers(session: Session) -> Finding:
    alive = session.scalar(select(func.count()).where(WorkerRow.seen_at >= now() - _SILENT)) or 0
    open_ = select(func.count()).where(BatchRow.state.in_(("waiting", "importing", "scoring")))
    batches = session.scalar(open_) or 0
    reports = session.scalar(select(func.max(ReportRow.id))) or 0
    if alive:
        return Finding(State.GOOD, "工作进程", f"{alive} 个在运行，{batches:,} 个批次未完成")
    if batches:
        remedy = "运行 qa-engine serve，批次会接着做"
        return Finding(State.BAD, "工作进程", f"没有在运行的，却有 {batches:,} 个批次在等", remedy)
    told = "没有在运行的，也没有批次在等" + (f"；已有 {reports:,} 份报告" if reports else "")
    return Finding(State.GOOD, "工作进程", told)


def broken(what: str, error: QAEngineError) -> Finding:
    """A finding from a sentence of ours, which ends in its remedy."""
    told, _, remedy = str(error).partition("处理办法：")
    return Finding(State.BAD, what, told.rstrip("。"), remedy.rstrip("。"))
