"""The people of a contact centre, as far as a transcript names them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agent:
    """A human 坐席 (never the AI). Any field may be unknown."""

    id: str | None = None
    name: str | None = None
    team: str | None = None
    skill_group: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer on the other side, as the telephony or CRM described them."""

    id: str | None = None
    tier: str | None = None
    region: str | None = None


NOBODY = Agent()
ANYBODY = Customer()
