"""评分表: revisions in sight, adding drafts, publishing one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, tuple_

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Conflict, Forbidden, IllegalStep, NotFound, Refusal
from qa_engine.scorecards import LoadedScorecard
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.events import emit
from qa_engine.services.scorecard_checks import TestRun
from qa_engine.services.work import Work
from qa_engine.store.holding import hold
from qa_engine.store.tables import BusinessLineRow, ScorecardRow

DRAFT, PUBLISHED, RETIRED = "draft", "published", "retired"


class SharedScorecard(Forbidden):
    """The scorecard also judges calls of business lines that are not the caller's."""

    def __init__(self, key: str) -> None:
        Refusal.__init__(
            self,
            f"评分表 {key} 还用于可见范围以外的业务线，不能由您改动；可另起一个 key 上传。",
            f"Scorecard {key} is also used by business lines out of your scope.",
            "key",
        )


class RevisionTaken(Conflict):
    """A stored revision never changes."""

    code = "revision_taken"

    def __init__(self, key: str, revision: int, free: int) -> None:
        super().__init__(
            f"评分表 {key} 第 {revision} 版已经存在且内容不同；请把 revision 改成 {free} 再上传。",
            f"Revision {revision} of {key} exists with other content; upload it as revision {free}.",
            "revision",
        )


class TestsNotGreen(IllegalStep):
    """Only a revision whose tests are green may judge anybody."""

    __test__ = False
    code = "tests_not_green"

    def __init__(self, run: TestRun) -> None:
        failed = sum(not result.passed for result in run.results)
        zh = f"{len(run.results)} 个用例里有 {failed} 个不符" if run.results else "这张评分表没有用例"
        en = f"{failed} of {len(run.results)} tests fail" if run.results else "the scorecard has no tests"
        super().__init__(f"{zh}，不能发布；请先让用例全部通过。", f"Cannot be published: {en}.")


@dataclass(frozen=True, slots=True)
class ScorecardSummary:
    """One scorecard over all its revisions.

    Attributes:
        newest: the highest revision. published: the one that judges, None when none does.
    """

    newest: ScorecardRow
    published: ScorecardRow | None


def list_scorecards(work: Work, *, cursor: str | None = None, limit: int = 50) -> Page[ScorecardSummary]:
    """All scorecards by key. They hold nothing of anybody, so every reader sees all of them.

    Raises:
        Forbidden, Invalid: not allowed; not a cursor of this list.
    """
    work.require(Permission.READ_SCORECARDS)
    newest = select(ScorecardRow.key, func.max(ScorecardRow.revision)).group_by(ScorecardRow.key)
    if cursor:
        (after,) = decode_cursor(cursor, (str,))
        newest = newest.where(ScorecardRow.key > after)
    places = work.session.execute(newest.order_by(ScorecardRow.key).limit(limit + 1)).all()
    shown = [(key, revision) for key, revision in places[:limit]]
    wanted = select(ScorecardRow).where(
        tuple_(ScorecardRow.key, ScorecardRow.revision).in_(shown)
        | (ScorecardRow.key.in_([key for key, _ in shown]) & (ScorecardRow.state == PUBLISHED))
    )
    rows = work.session.scalars(wanted).all() if shown else []
    by_place = {(row.key, row.revision): row for row in rows}
    published = {row.key: row for row in rows if row.state == PUBLISHED}
    items = tuple(ScorecardSummary(by_place[place], published.get(place[0])) for place in shown)
    return Page(items, encode_cursor(shown[-1][0]) if len(places) > limit else None)


def list_revisions(work: Work, key: str, *, cursor: str | None = None, limit: int = 50) -> Page[ScorecardRow]:
    """The revisions of a scorecard, the newest first.

    Raises:
        Forbidden, NotFound, Invalid: not allowed; no such scorecard; not a cursor of this list.
    """
    work.require(Permission.READ_SCORECARDS)
    query = select(ScorecardRow).where(ScorecardRow.key == key)
    if cursor:
        (before,) = decode_cursor(cursor, (int,))
        query = query.where(ScorecardRow.revision < before)
    rows = work.session.scalars(query.order_by(ScorecardRow.revision.desc()).limit(limit + 1)).all()
    if not rows and not cursor:
        raise NotFound("评分表", "scorecard", "key")
    more = encode_cursor(rows[limit - 1].revision) if len(rows) > limit else None
    return Page(tuple(rows[:limit]), more)


def find_revision(work: Work, key: str, revision: int) -> ScorecardRow:
    """One revision.

    Raises:
        Forbidden, NotFound: not allowed; there is none.
    """
    work.require(Permission.READ_SCORECARDS)
    wanted = select(ScorecardRow).where(ScorecardRow.key == key, ScorecardRow.revision == revision)
    row = work.session.scalar(wanted)
    if row is None:
        raise NotFound("这一版评分表", "scorecard revision", "revision")
    return row


def next_revision(work: Work, key: str) -> int:
    """The lowest revision above all stored ones."""
    newest = work.session.scalar(select(func.max(ScorecardRow.revision)).where(ScorecardRow.key == key))
    return (newest or 0) + 1


def add_draft(work: Work, loaded: LoadedScorecard, note: str = "") -> ScorecardRow:
    """Store a scorecard as a draft. The very same one sent again is stored once.

    A draft that judges alike (other tests or comments only) takes the new text: its tests can be mended.

    Raises:
        Forbidden: the caller may not edit scorecards, or not this one.
        RevisionTaken: this revision is stored with other content.
    """
    work.require(Permission.EDIT_SCORECARDS)
    card = loaded.scorecard
    hold(work.session, [f"scorecard {card.key}"])
    _insist_on_own(work, card.key, card.business_line)
    wanted = select(ScorecardRow).where(ScorecardRow.key == card.key, ScorecardRow.revision == card.revision)
    row = work.session.scalar(wanted)
    if row is not None:
        same = row.source == loaded.source_text
        if not same and (row.digest != card.digest or row.state != DRAFT):
            raise RevisionTaken(card.key, card.revision, next_revision(work, card.key))
        if not same:
            row.source = loaded.source_text
            work.session.flush()
            work.audit("scorecard.draft_changed", f"scorecard:{row.id}", digest=row.digest)
        return row
    row = store_revision(work, loaded, DRAFT, note)
    work.audit("scorecard.uploaded", f"scorecard:{row.id}", **_named(row))
    return row


def publish_revision(work: Work, key: str, revision: int, tested: TestRun) -> ScorecardRow:
    """Let a revision judge from now on; the one that did so far is retired.

    Args:
        work: a writing unit of work.
        key: of the scorecard.
        revision: which; a retired one may come back.
        tested: what its tests said just now (they run outside of any transaction).

    Raises:
        Forbidden, NotFound: not allowed; there is none.
        TestsNotGreen: its tests fail, or it has none.
        IllegalStep: it is published already, or the tests were run on another text.
    """
    work.require(Permission.PUBLISH_SCORECARDS)
    hold(work.session, [f"scorecard {key}"])
    row = find_revision(work, key, revision)
    _insist_on_own(work, key, row.business_line)
    if row.state == PUBLISHED:
        raise IllegalStep("这一版已经在用。", "This revision is published already.")
    if tested.digest != row.digest:
        raise IllegalStep("评分表刚刚有改动，请重试。", "The scorecard has just changed; try again.")
    if not tested.green:
        raise TestsNotGreen(tested)
    retired = work.session.scalar(
        select(ScorecardRow).where(ScorecardRow.key == key, ScorecardRow.state == PUBLISHED)
    )
    if retired is not None:
        retired.state = RETIRED
    row.state, row.published_by, row.published_at = PUBLISHED, work.actor, work.now
    work.session.flush()
    before = None if retired is None else retired.revision
    work.audit("scorecard.published", f"scorecard:{row.id}", **_named(row), retired=before)
    payload = {**_named(row), "name": row.name, "business_line": row.business_line, "retired": before}
    emit(work, "scorecard.published", payload, None)
    return row


def store_revision(work: Work, loaded: LoadedScorecard, state: str, note: str) -> ScorecardRow:
    """Add the row of a revision, whoever may do so."""
    card = loaded.scorecard
    published = state == PUBLISHED
    row = ScorecardRow(
        key=card.key,
        revision=card.revision,
        digest=card.digest,
        name=card.name,
        business_line=card.business_line,
        source=loaded.source_text,
        state=state,
        note=note,
        created_by=work.actor,
        created_at=work.now,
        published_by=work.actor if published else None,
        published_at=work.now if published else None,
    )
    work.session.add(row)
    work.session.flush()
    return row


def _insist_on_own(work: Work, key: str, business_line: str) -> None:
    """Whoever answers for some business lines must not change what judges the calls of others."""
    own = work.rows.business_lines
    if own is None:
        return
    users = work.session.scalars(select(BusinessLineRow.key).where(BusinessLineRow.scorecard_key == key))
    written_for = work.session.scalars(
        select(ScorecardRow.business_line).where(ScorecardRow.key == key).distinct()
    )
    if not {business_line, *users, *written_for} <= own:
        raise SharedScorecard(key)


def _named(row: ScorecardRow) -> dict[str, str | int]:
    return {"key": row.key, "revision": row.revision, "digest": row.digest}
