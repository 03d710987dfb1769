"""Who may do what: roles, permissions, and the rows a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from qa_engine.domain.refusal import Forbidden


class Role(StrEnum):
    """What somebody is in the contact centre. ``INTEGRATION`` is a system, never a person."""

    ADMIN = "admin"
    QA_LEAD = "qa_lead"
    REVIEWER = "reviewer"
    TEAM_LEAD = "team_lead"
    AGENT = "agent"
    INTEGRATION = "integration"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that may be allowed. API keys carry a subset of them as their scopes."""

    READ_CALLS = "calls:read"
    READ_RAW = "calls:raw"
    READ_NAMES = "calls:names"
    SCORE = "calls:score"
    EXPORT = "calls:export"
    ERASE = "calls:erase"
    READ_BATCHES = "batches:read"
    RUN_BATCHES = "batches:run"
    READ_SCORECARDS = "scorecards:read"
    EDIT_SCORECARDS = "scorecards:edit"
    PUBLISH_SCORECARDS = "scorecards:publish"
    READ_METRICS = "metrics:read"
    READ_REVIEWS = "reviews:read"
    REVIEW = "reviews:work"
    REVIEW_AGAIN = "reviews:second"
    FILE_APPEAL = "appeals:file"
    READ_APPEALS = "appeals:read"
    ANSWER_APPEAL = "appeals:answer"
    CALIBRATE = "calibration:work"
    RUN_CALIBRATION = "calibration:run"
    PLAN_SAMPLES = "samples:plan"
    READ_SAMPLES = "samples:read"
    MANAGE_WEBHOOKS = "webhooks:manage"
    MANAGE_USERS = "users:manage"
    MANAGE_KEYS = "keys:manage"
    MANAGE_RETENTION = "retention:manage"
    READ_AUDIT = "audit:read"
    READ_OPERATIONS = "operations:read"


_P = Permission
_READER = {_P.READ_CALLS, _P.READ_SCORECARDS, _P.READ_METRICS}
_REVIEWER = {*_READER, _P.READ_NAMES, _P.READ_RAW, _P.READ_REVIEWS, _P.REVIEW, _P.READ_APPEALS, _P.CALIBRATE}
_LEAD = {
    *_REVIEWER, _P.SCORE, _P.EXPORT, _P.READ_BATCHES, _P.RUN_BATCHES, _P.EDIT_SCORECARDS,
    _P.PUBLISH_SCORECARDS, _P.REVIEW_AGAIN, _P.ANSWER_APPEAL, _P.RUN_CALIBRATION, _P.PLAN_SAMPLES,
    _P.READ_SAMPLES,
}  # fmt: skip
PERMISSIONS: MappingProxyType[Role, frozenset[Permission]] = MappingProxyType(
    {
        # Running the service is no licence to read calls: an admin who reviews needs a second account.
        Role.ADMIN: frozenset(
            {
                _P.READ_SCORECARDS, _P.READ_METRICS, _P.READ_BATCHES, _P.MANAGE_WEBHOOKS, _P.MANAGE_USERS,
                _P.MANAGE_KEYS, _P.MANAGE_RETENTION, _P.ERASE, _P.READ_AUDIT, _P.READ_OPERATIONS,
                _P.READ_CALLS, _P.READ_NAMES, _P.SCORE, _P.EXPORT, _P.RUN_BATCHES, _P.EDIT_SCORECARDS,
                _P.PUBLISH_SCORECARDS, _P.READ_REVIEWS, _P.READ_APPEALS, _P.READ_SAMPLES, _P.PLAN_SAMPLES,
                _P.RUN_CALIBRATION,
            }
        ),
        Role.QA_LEAD: frozenset(_LEAD),
        Role.REVIEWER: frozenset(_REVIEWER),
        Role.TEAM_LEAD: frozenset({*_READER, _P.READ_NAMES, _P.READ_REVIEWS, _P.READ_APPEALS, _P.EXPORT}),
        Role.AGENT: frozenset({_P.READ_CALLS, _P.READ_SCORECARDS, _P.FILE_APPEAL, _P.READ_APPEALS}),
        Role.INTEGRATION: frozenset(
            {*_READER, _P.READ_NAMES, _P.SCORE, _P.READ_BATCHES, _P.RUN_BATCHES, _P.EXPORT}
        ),
        Role.AUDITOR: frozenset(
            {*_READER, _P.READ_NAMES, _P.READ_REVIEWS, _P.READ_APPEALS, _P.READ_SAMPLES, _P.READ_BATCHES,
             _P.READ_AUDIT, _P.READ_OPERATIONS}
        ),
    }
)  # fmt: skip
# What an API key of the integration role may be given beyond the role's own.
GRANTABLE = PERMISSIONS[Role.INTEGRATION] | {_P.READ_RAW, _P.ERASE, _P.READ_REVIEWS, _P.READ_APPEALS}


@dataclass(frozen=True, slots=True)
class RowScope:
    """Which rows may be seen. None = no limit on that side; an empty set = nothing at all.

    Attributes:
        business_lines: keys of business lines.
        teams: names of teams (班组).
        agent_id: only the calls of this 坐席.
    """

    business_lines: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    agent_id: str | None = None

    def covers(self, business_line: str, team: str | None, agent_id: str | None) -> bool:
        """True when a row of these three may be seen."""
        return (
            (self.business_lines is None or business_line in self.business_lines)
            and (self.teams is None or team in self.teams)
            and (self.agent_id is None or agent_id == self.agent_id)
        )


EVERYTHING = RowScope()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a user, an API key, or the service itself.

    Attributes:
        id: the user's or key's id as text; ``system`` for the service itself.
        agent_id: whose calls are one's own (role agent).
    """

    kind: Literal["user", "api_key", "system"]
    id: str
    name: str
    role: Role
    permissions: frozenset[Permission]
    rows: RowScope

    @property
    def actor(self) -> str:
        """How records name who did it, e.g. ``user:7``."""
        return f"{self.kind}:{self.id}"

    def may(self, permission: Permission) -> bool:
        """True when it is allowed."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Insist on a permission.

        Raises:
            Forbidden: it is not given.
        """
        if permission not in self.permissions:
            raise Forbidden(permission)


SYSTEM = Principal("system", "system", "系统", Role.ADMIN, frozenset(Permission), EVERYTHING)
