"""Checking the hash chains against the records they name, and the records against the chains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from qa_engine.domain.errors import ReportFormatError
from qa_engine.domain.review import ON_REPORT
from qa_engine.store import digests
from qa_engine.store.audit import audit_digest
from qa_engine.store.chain import CHAINS, Chain, ChainFault, walk_chain
from qa_engine.store.envelope import digest_of_packed
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import AuditRow, ChainHead, ChainRow, DecisionRow, ReportRow, ReviewRow

_BATCH = 1000
# What reading a column may raise after somebody wrote something else into it.
_UNREADABLE = (TypeError, ValueError, OverflowError, OSError, AttributeError, ReportFormatError)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain at some moment; noted elsewhere it proves later that nothing was cut off."""

    chain: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as the chain remembers it; ``why`` is a Chinese sentence without full stop.

    ``seq``: the link at which it shows, None when no link names the record.
    """

    chain: str
    seq: int | None
    subject: str | None
    why: str


def heads(session: Session) -> list[Head]:
    """Where the chains end now."""
    rows = session.scalars(select(ChainHead).order_by(ChainHead.chain))
    return [Head(row.chain, row.seq, row.hash) for row in rows]


def verify(
    session: Session,
    keyring: Keyring,
    expected: Sequence[Head] = (),
    told: Callable[[str, int], None] = lambda _chain, _seq: None,
) -> Iterator[Fault]:
    """Yield every fault, chain by chain in the order of the links; nothing when all is well.

    Args:
        session: one that sees a single moment (REPEATABLE READ on PostgreSQL).
        keyring: the keys the chains were made with.
        expected: ends noted earlier that must still be links of their chains.
        told: called with (chain, links checked) now and then.
    """
    for chain in CHAINS:
        wanted = {head.seq: head.hash for head in expected if head.chain == chain}
        yield from _verify_links(session, keyring, chain, wanted, told)
        for seq in sorted(wanted):
            yield Fault(chain, seq, None, f"记下的第 {seq} 条记录已不在链上，末尾被截掉")
        yield from _not_named(session, chain)
    yield from _current_faults(session)
    yield from _review_state_faults(session)


def _verify_links(
    session: Session,
    keyring: Keyring,
    chain: Chain,
    wanted: dict[int, str],
    told: Callable[[str, int], None],
) -> Iterator[Fault]:
    finals: dict[int, tuple[int, str]] = {}
    batch: list[tuple[int, str, str, str]] = []
    try:
        for item in walk_chain(session, keyring, chain):
            if isinstance(item, ChainFault):
                yield Fault(chain, item.seq, None, item.why)
                continue
            if (noted := wanted.pop(item.seq, None)) is not None and noted != item.hash:
                yield Fault(chain, item.seq, None, f"第 {item.seq} 条记录与记下的校验值不同，链被重写过")
            if chain == "scores" and item.kind == digests.FINAL:
                finals[_id(item.subject)] = (item.seq, item.digest)
            else:
                batch.append((item.seq, item.kind, item.subject, item.digest))
            if len(batch) == _BATCH:
                yield from _compare(session, chain, batch)
                told(chain, item.seq)
                batch.clear()
    except _UNREADABLE as error:
        yield Fault(chain, None, None, f"链上的记录无法读取（{type(error).__name__}）")
    yield from _compare(session, chain, batch)
    if chain == "scores":
        yield from _compare_finals(session, finals)


def _compare(session: Session, chain: str, links: list[tuple[int, str, str, str]]) -> Iterator[Fault]:
    kinds: dict[type[Any], list[tuple[int, str, str]]] = {}
    for seq, kind, subject, digest in links:
        table = _TABLES.get("audit" if chain == "audit" else kind)
        if table is None:
            yield Fault(chain, seq, subject, f"不认识的记录种类 {kind}")
        else:
            kinds.setdefault(table, []).append((seq, subject, digest))
    faults: list[Fault] = []
    for table, named in kinds.items():
        rows = _rows(session, table, [_id(subject) for _, subject, _ in named])
        for seq, subject, digest in named:
            why = _why_not(rows.get(_id(subject)), digest)
            if why is not None:
                faults.append(Fault(chain, seq, subject, f"{_called(subject)}{why}"))
    yield from sorted(faults, key=lambda fault: fault.seq or 0)


def _why_not(row: Any, digest: str) -> str | None:
    if row is None:
        return "缺失"
    if isinstance(row, Exception):
        return f"无法读取（{type(row).__name__}），内容被改动"
    try:
        if isinstance(row, ReportRow) and digest_of_packed(row.body) != row.body_digest:
            return "的报告正文被改动"
        said = _DIGESTS[type(row)](row)
    except _UNREADABLE as error:
        return f"无法读取（{type(error).__name__}），内容被改动"
    return None if said == digest else "被改动"


def _compare_finals(session: Session, finals: dict[int, tuple[int, str]]) -> Iterator[Fault]:
    ids = sorted(finals)
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        rows = _rows(session, ReportRow, part)
        for report_id in part:
            seq, digest = finals[report_id]
            row = rows.get(report_id)
            # A report that is missing or unreadable was told already.
            if isinstance(row, ReportRow) and digests.final_digest(row) != digest:
                yield Fault("scores", seq, f"report:{report_id}", f"质检报告 {report_id} 的复核后分数被改动")
    differs = or_(
        ReportRow.final_percent != ReportRow.percent,
        ReportRow.final_passed.is_distinct_from(ReportRow.passed),
    )
    for report_id in session.scalars(select(ReportRow.id).where(differs).order_by(ReportRow.id)):
        if report_id not in finals:
            why = f"质检报告 {report_id} 没有复核记录，复核后分数却与机器分数不同"
            yield Fault("scores", None, f"report:{report_id}", why)


def _not_named(session: Session, chain: Chain) -> Iterator[Fault]:
    named: Iterable[tuple[str, type[Any]]] = (
        [("audit", AuditRow)] if chain == "audit" else [("report", ReportRow), ("decision", DecisionRow)]
    )
    for prefix, table in named:
        subject = literal(f"{prefix}:") + cast(table.id, String)
        same = [ChainRow.chain == chain, ChainRow.subject == subject]
        if chain == "scores":
            same.append(ChainRow.kind == prefix)
        query = select(table.id).where(~exists().where(*same)).order_by(table.id)
        for record_id in session.scalars(query.execution_options(yield_per=_BATCH)):
            name = f"{prefix}:{record_id}"
            yield Fault(chain, None, name, f"{_called(name)}不在链上：是绕过软件写入的，或链被截短")


def _current_faults(session: Session) -> Iterator[Fault]:
    newer = aliased(ReportRow)
    superseded = exists().where(
        newer.external_ref == ReportRow.external_ref,
        newer.scorecard_key == ReportRow.scorecard_key,
        newer.id > ReportRow.id,
    )
    wrong = or_(and_(ReportRow.current, superseded), and_(~ReportRow.current, ~superseded))
    for report_id in session.scalars(select(ReportRow.id).where(wrong).order_by(ReportRow.id)):
        why = f"质检报告 {report_id} 的“是否最新”标记与报告先后不符"
        yield Fault("scores", None, f"report:{report_id}", why)


def _review_state_faults(session: Session) -> Iterator[Fault]:
    """The state a report tells must be the one its review has."""
    told = case({state.value: on_report for state, on_report in ON_REPORT.items()}, value=ReviewRow.state)
    query = (
        select(ReportRow.id)
        .outerjoin(ReviewRow, ReviewRow.report_id == ReportRow.id)
        .where(ReportRow.review_state != func.coalesce(told, "none"))
    )
    for report_id in session.scalars(query.order_by(ReportRow.id)):
        why = f"质检报告 {report_id} 的复核状态与复核记录不符"
        yield Fault("scores", None, f"report:{report_id}", why)


def _rows(session: Session, table: type[Any], ids: list[int]) -> dict[int, Any]:
    """Rows by id; where one cannot be read, the error in its place."""
    try:
        return {row.id: row for row in session.scalars(_fresh(table, ids))}
    except _UNREADABLE as error:
        if len(ids) == 1:
            return {ids[0]: error}
    found: dict[int, Any] = {}
    for one in ids:
        found.update(_rows(session, table, [one]))
    return found


def _fresh(table: type[Any], ids: list[int]) -> Any:
    return select(table).where(table.id.in_(ids)).execution_options(populate_existing=True)


def _id(subject: str) -> int:
    number = subject.rpartition(":")[2]
    return int(number) if number.isdecimal() else -1


def _called(subject: str) -> str:
    kind, _, number = subject.rpartition(":")
    return f"{_NAMES.get(kind, kind)} {number} "


_TABLES: dict[str, type[Any]] = {
    "audit": AuditRow,
    digests.REPORT: ReportRow,
    digests.DECISION: DecisionRow,
}
_NAMES = {"audit": "审计记录", "report": "质检报告", "decision": "复核结论"}
_DIGESTS: dict[type[Any], Callable[[Any], str]] = {
    AuditRow: audit_digest,
    ReportRow: digests.report_digest,
    DecisionRow: digests.decision_digest,
}
