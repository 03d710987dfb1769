"""Bringing the shipped scorecards into the store at the start of the service."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from qa_engine.domain.access import SYSTEM
from qa_engine.scorecards import LoadedScorecard, builtin_scorecards, load_scorecard
from qa_engine.services.scorecards import DRAFT, PUBLISHED, RETIRED, store_revision
from qa_engine.services.work import Work
from qa_engine.store.holding import hold
from qa_engine.store.tables import ScorecardRow

_NOTE = "随软件提供"


@dataclass(frozen=True, slots=True)
class ShippedImport:
    """Keys of shipped scorecards by what became of them; those that were there already are not named.

    ``clashing``: a revision of that number is stored with other content (somebody's own), so the shipped one
    was left out.
    """

    published: tuple[str, ...] = ()
    drafted: tuple[str, ...] = ()
    clashing: tuple[str, ...] = ()


def import_shipped(work: Work) -> ShippedImport:
    """Store shipped scorecards that are not stored yet; does nothing when called again.

    The first revision of a key is published. A newer one takes over from an older shipped one; when people
    published a revision of their own it waits as a draft until somebody publishes it. Shipped scorecards
    are published without running their tests: the tests of the engine do that.
    """
    hold(work.session, ["shipped scorecards"])
    done: dict[str, list[str]] = {PUBLISHED: [], DRAFT: [], "clashing": []}
    for key in builtin_scorecards():
        loaded = load_scorecard(key)
        rows = work.session.scalars(select(ScorecardRow).where(ScorecardRow.key == key)).all()
        revision = loaded.scorecard.revision
        there = next((row for row in rows if row.revision == revision), None)
        if there is None:
            done[_import(work, loaded, list(rows))].append(key)
        elif there.digest != loaded.scorecard.digest:
            done["clashing"].append(key)
    found = ShippedImport(*(tuple(done[name]) for name in (PUBLISHED, DRAFT, "clashing")))
    if found.published or found.drafted:
        work.audit(
            "scorecard.shipped", "scorecards", published=list(found.published), drafted=list(found.drafted)
        )
    return found


def _import(work: Work, loaded: LoadedScorecard, rows: list[ScorecardRow]) -> str:
    published = next((row for row in rows if row.state == PUBLISHED), None)
    newest = max((row.revision for row in rows), default=0)
    if rows and (published is None or published.created_by != SYSTEM.actor):
        state = DRAFT
    elif loaded.scorecard.revision < newest:
        # An older version of the software was started again: what is newer stays.
        state = DRAFT
    else:
        state = PUBLISHED
    if state == PUBLISHED and published is not None:
        published.state = RETIRED
        work.session.flush()
    store_revision(work, loaded, state, _NOTE)
    return state
