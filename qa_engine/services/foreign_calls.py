"""Conversations that are stored already as somebody else's: whoever is limited must not replace those."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from qa_engine.domain.access import RowScope
from qa_engine.domain.transcript import Transcript
from qa_engine.services.work import Work
from qa_engine.store.holding import hold
from qa_engine.store.tables import TranscriptRow


def foreign_calls(
    work: Work, scope: RowScope, business_line: str, transcripts: Sequence[Transcript]
) -> frozenset[str]:
    """Ids of those conversations that are stored as calls out of a scope.

    Sent again under one's own team they would become a newer version of a call one may not even see, whose
    report would count no more. Held until the transaction ends, so that nobody stores one in between.

    Args:
        work: a writing unit of work.
        scope: of whoever sent them.
        business_line: under which they are to be kept.
        transcripts: at most a chunk of them.
    """
    if scope.teams is None and scope.agent_id is None:
        return frozenset()
    t = TranscriptRow
    # Of the line itself has been decided before: ids of another line are other calls.
    places = RowScope(None, scope.teams, scope.agent_id)
    ids = {work.keyring.ref("transcript", business_line, one.id): one.id for one in transcripts}
    hold(work.session, [f"transcript {ref}" for ref in ids])
    stored = work.session.execute(
        select(t.external_ref, t.team, t.agent_id).where(t.external_ref.in_(ids), t.current)
    )
    return frozenset(
        ids[row.external_ref] for row in stored if not places.covers(business_line, row.team, row.agent_id)
    )
