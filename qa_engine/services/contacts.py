"""Which calls were a customer's first contact in a matter, and after which the customer came again.

首次解决率 (first contact resolution) needs to know when a matter begins and whether it came back. Nobody is
asked, so contacts of one customer in one business line within seven days of each other count as the same
matter: long enough for "it still does not work", short enough for a new purchase to be a new matter, and the
window most contact centres report. A call is a FIRST contact when there was none in the seven days before;
it solved the matter at once when the engine judged it resolved and there was none in the seven days after.
Follow-up calls are no first contacts, so one stubborn matter counts once and not once a call. Calls of
customers without an id cannot be followed and count nowhere.

Both facts are kept with the report (not looked up when metrics are read): they survive the erasure of the
customer's id, and the daily sums can be counted anew from the reports alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from qa_engine.services.daily_facts import DailyFacts, daily_facts
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportRow, TranscriptRow

WITHIN = timedelta(days=7)
# An id that so many calls of a few weeks share is no person but a filler such as "0" or "anonymous".
MOST_CONTACTS = 500
Contact = tuple[datetime, str]
"""When, and which conversation (its ``external_ref``)."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A current report of a customer as far as contacts go."""

    id: int
    contact: Contact
    facts: tuple[bool | None, bool | None]


def lock_name(customer_ref: str) -> str:
    """What ``store/holding.py`` must hold before contacts of a customer are settled."""
    return f"customer {customer_ref}"


def settle_contacts(work: Work, added: Sequence[ReportRow]) -> tuple[list[DailyFacts], list[ReportRow]]:
    """Note on newly recorded reports, and on their customers' other ones, what they are to each other.

    Args:
        work: a writing unit of work that holds ``lock_name`` of every customer concerned.
        added: current reports, flushed, not counted in the daily sums yet.

    Returns:
        Other reports that are something else now: what they were counted as, and their rows as they are
        (to be given to ``rollups.apply``).
    """
    new = {row.id: row for row in added}
    changed: dict[int, tuple[bool, bool]] = {}
    for known in _known_of_customers(work.session, added):
        reached = [one.contact[0] for one in known if one.id in new]
        contacts = sorted({one.contact for one in known})
        for one in known:
            # Of calls farther away not all neighbours were read, and nothing changed for them.
            if any(abs(one.contact[0] - moment) <= WITHIN for moment in reached):
                facts = before_and_after(one.contact, contacts)
                if facts != one.facts:
                    changed[one.id] = facts
    others = _locked(work.session, [i for i in changed if i not in new])
    was = [daily_facts(row, work.zone) for row in others]
    for row in (*added, *others):
        if row.id in changed:
            row.first_contact, row.contacted_again = changed[row.id]
    work.session.flush()
    return was, others


def before_and_after(call: Contact, contacts: Sequence[Contact]) -> tuple[bool, bool]:
    """Whether a call was the first contact, and whether another one followed within the window.

    ``contacts``: sorted, all of this customer in this business line.
    """
    earlier = bisect_left(contacts, call) - 1
    while earlier >= 0 and contacts[earlier][1] == call[1]:
        earlier -= 1
    later = bisect_right(contacts, call)
    while later < len(contacts) and contacts[later][1] == call[1]:
        later += 1
    first = earlier < 0 or call[0] - contacts[earlier][0] > WITHIN
    return first, later < len(contacts) and contacts[later][0] - call[0] <= WITHIN


def _known_of_customers(session: Session, added: Sequence[ReportRow]) -> list[list[_Known]]:
    """The current reports around these, by customer and business line."""
    t, r = TranscriptRow, ReportRow
    ids = {row.transcript_id for row in added}
    customers = select(t.customer_ref).where(t.id.in_(ids), t.customer_ref.is_not(None))
    refs = set(session.scalars(customers)) if ids else set()
    if not refs:
        return []
    moments = [row.happened_at for row in added]
    around = t.happened_at.between(min(moments) - 2 * WITHIN, max(moments) + 2 * WITHIN)
    many = (
        select(t.customer_ref)
        .where(t.customer_ref.in_(refs), around)
        .group_by(t.customer_ref)
        .having(func.count() > MOST_CONTACTS)
    )
    refs -= set(session.scalars(many))
    found = session.execute(
        select(
            t.customer_ref, r.business_line, r.id, r.happened_at, r.external_ref, r.first_contact,
            r.contacted_again,
        )
        .join(r, r.transcript_id == t.id)
        .where(t.customer_ref.in_(refs), around, r.current)
    )  # fmt: skip
    grouped: dict[tuple[str | None, str], list[_Known]] = {}
    for ref, line, i, moment, conversation, first, again in found:
        known = _Known(i, (moment, conversation), (first, again))
        grouped.setdefault((ref, line), []).append(known)
    return list(grouped.values())


def _locked(session: Session, ids: Sequence[int]) -> list[ReportRow]:
    if not ids:
        return []
    # Locked: a decision made at this moment changes what is summed of it, too.
    wanted = select(ReportRow).where(ReportRow.id.in_(ids)).order_by(ReportRow.id).with_for_update()
    return list(session.scalars(wanted.execution_options(populate_existing=True)))
