"""Every endpoint × every role × own and foreign rows: one table of entries a noun.

``tests/service/role_matrix/NOUN.py`` gives ``ENTRIES: list[Entry]``, one entry for each method and path of
``api/NOUN.py``; ``tests/service/test_role_matrix.py`` finds the files, asks every entry as every role, and
fails when an endpoint has no entry. An entry says

- which permission it needs (``Permission.X``), or ``ANYBODY`` (signed in is enough), or ``PUBLIC``;
- how to ask it: ``ask(world, place) -> Asked`` makes whatever it needs, lying in that place, through the
  services or the store (called anew for every case, so that no case disturbs another);
- ``rows=True`` when what it addresses lies somewhere: then it is asked for all four ``PLACES``, and whoever
  does not see the place must get ``foreign`` (404). Without ``rows`` it is asked once, with ``OWN``;
- ``ok``: what an allowed question may be answered with. Anything else fails, 422 and 409 included;
- ``exceptions``: roles that hold the permission and are still answered differently, with that status and
  the reason in a comment beside it (say, an admin may not decide what they themselves …).

Who lacks the permission must get 403, and nobody at all 401, whatever they ask for; no row is made for these.

    ENTRIES = [
        Entry("GET", "/v1/reviews", Permission.READ_REVIEWS, lambda world, place: Asked()),
        Entry("POST", "/v1/reviews/{review_id}/claim", Permission.REVIEW, open_review, rows=True),
    ]

    def open_review(world: World, place: Place) -> Asked:
        return Asked(path={"review_id": review_of(world, world.report(place))})
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from qa_engine.domain.access import Permission, Role
from service.world import Place, World


class Guard(Enum):
    """What endpoints without a permission of their own ask for."""

    ANYBODY = "signed in"
    PUBLIC = "nothing"


ANYBODY = Guard.ANYBODY
PUBLIC = Guard.PUBLIC
OK = frozenset({200, 201, 202, 204})


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: what stands in the path, and what is sent."""

    path: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, object] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def nothing(_world: World, _place: Place) -> Asked:
    """For endpoints that are asked without anything."""
    return Asked()


@dataclass(frozen=True, slots=True)
class Entry:
    """One endpoint; see the module."""

    method: str
    path: str
    guard: Permission | Guard
    ask: Callable[[World, Place], Asked] = nothing
    rows: bool = False
    ok: Iterable[int] = OK
    foreign: int = 404
    exceptions: Mapping[Role, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def entries() -> list[Entry]:
    """The entries of every noun."""
    found: list[Entry] = []
    for module in sorted(iter_modules(__path__), key=lambda info: info.name):
        found += import_module(f"{__name__}.{module.name}").ENTRIES
    return found
