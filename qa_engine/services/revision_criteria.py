"""Which criteria the stored revisions of a scorecard have, in the order of ``ReportRow.outcomes``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from qa_engine.domain.errors import ReportFormatError
from qa_engine.domain.scorecard import Criterion, Outcome
from qa_engine.scorecards import read_scorecard
from qa_engine.services.recording import LETTERS
from qa_engine.store.tables import ScorecardRow

OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


def criteria_of(session: Session, digests: Collection[str]) -> dict[str, tuple[Criterion, ...]]:
    """The criteria of each revision, by its digest.

    Raises:
        ReportFormatError: a revision that reports name is not stored (revisions are never deleted).
    """
    wanted = select(ScorecardRow.digest, ScorecardRow.source).where(ScorecardRow.digest.in_(digests))
    found = {digest: _criteria(digest, source) for digest, source in session.execute(wanted)}
    missing = set(digests) - set(found)
    if missing:
        raise ReportFormatError(f"质检报告所用的 {len(missing)} 个评分表版本不在库里，无法对应质检项。")
    return found


def outcomes_by_key(criteria: tuple[Criterion, ...], letters: str) -> Mapping[str, Outcome]:
    """What the letters of ``ReportRow.outcomes`` say of each criterion."""
    return {one.key: OUTCOMES[letter] for one, letter in zip(criteria, letters, strict=True)}


@lru_cache(maxsize=256)
def _criteria(digest: str, source: str) -> tuple[Criterion, ...]:
    return read_scorecard(source, digest).scorecard.criteria
