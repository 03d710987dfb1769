"""Hash chains: every link names the one before, so a changed or missing record shows.

Links are gathered while a transaction works and written right before it commits: the lock on the end of the
chain is held for a moment only, and always in the same order, so that writers cannot deadlock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import event, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from qa_engine.store.columns import canonical_json, to_ms
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import ChainHead, ChainRow

Chain = Literal["audit", "scores"]
CHAINS: tuple[Chain, ...] = ("audit", "scores")
START = "0" * 64
_PENDING = "qa_engine_links"


@dataclass(frozen=True, slots=True)
class Link:
    """One record to be named: ``subject`` such as ``report:17``, ``digest`` of what it says (hex)."""

    kind: str
    subject: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChainFault:
    """A place where a chain is broken; ``why`` is a Chinese sentence."""

    chain: str
    seq: int
    why: str


def link(session: Session, keyring: Keyring, chain: Chain, links: list[Link]) -> None:
    """Add links to a chain when this transaction commits (never otherwise)."""
    pending = session.info.get(_PENDING)
    if pending is None:
        pending = session.info[_PENDING] = {name: [] for name in CHAINS}
        event.listen(session, "before_commit", lambda s: _write(s, keyring))
        event.listen(session, "after_soft_rollback", _forget)
    pending[chain].extend(links)


def _forget(session: Session, _transaction: Any) -> None:
    if not session.in_nested_transaction():
        for links in session.info.get(_PENDING, {}).values():
            links.clear()


def _write(session: Session, keyring: Keyring) -> None:
    for chain in CHAINS:
        links: list[Link] = session.info[_PENDING][chain]
        if links:
            _append(session, keyring, chain, links)
            links.clear()


def _append(session: Session, keyring: Keyring, chain: Chain, links: list[Link]) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    start = dialect.insert(ChainHead).values(chain=chain, seq=0, hash=START)
    session.execute(start.on_conflict_do_nothing())
    head = session.execute(select(ChainHead).where(ChainHead.chain == chain).with_for_update()).scalar_one()
    session.refresh(head)
    seq, previous = head.seq, head.hash
    rows = []
    for item in links:
        seq += 1
        previous = link_hash(keyring, chain, seq, item, previous)
        rows.append(
            {"chain": chain, "seq": seq, "at": item.at, "kind": item.kind, "subject": item.subject,
             "digest": item.digest, "hash": previous}
        )  # fmt: skip
    session.execute(insert(ChainRow), rows)
    head.seq, head.hash = seq, previous
    session.flush()


def link_hash(keyring: Keyring, chain: str, seq: int, item: Link, previous: str) -> str:
    """The hash of a link, keyed: without the keys nobody can mend a chain after changing a record."""
    return keyring.chain_mac(
        canonical_json([chain, seq, to_ms(item.at), item.kind, item.subject, item.digest, previous])
    )


def walk_chain(session: Session, keyring: Keyring, chain: Chain) -> Iterator[ChainRow | ChainFault]:
    """Yield every link in order, and a fault wherever the chain itself is broken."""
    head = session.get(ChainHead, chain)
    seq, previous = 0, START
    rows = select(ChainRow).where(ChainRow.chain == chain).order_by(ChainRow.seq)
    for row in session.scalars(rows.execution_options(yield_per=2000)):
        if row.seq != seq + 1:
            yield ChainFault(chain, seq + 1, f"第 {seq + 1} 到 {row.seq - 1} 条记录缺失")
        elif row.hash != link_hash(
            keyring, chain, row.seq, Link(row.kind, row.subject, row.digest, row.at), previous
        ):
            yield ChainFault(chain, row.seq, f"第 {row.seq} 条记录被改动")
        yield row
        session.expunge(row)
        seq, previous = row.seq, row.hash
    if (head.seq if head else 0) != seq:
        yield ChainFault(chain, seq, f"末尾记录缺失：应有 {head.seq if head else 0} 条，只有 {seq} 条")
    elif head is not None and head.hash != previous:
        yield ChainFault(chain, seq, "末尾的校验值被改动")
