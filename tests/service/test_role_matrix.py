"""权限矩阵：每个接口 × 每个角色 × 自己的和别人的记录。新接口没有写进矩阵，这里就不通过。"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import build
from api.dependencies import permission_behind, signed_in, visiting
from qa_engine.domain.access import Permission, Role
from qa_engine.service import Service
from service.conftest import fresh_url, settings_for
from service.role_matrix import ANYBODY, PUBLIC, Entry, Guard, entries
from service.world import OWN, PLACES, Place, Somebody, World, found_world

ENTRIES = entries()
# Style sheets and the like, open to everybody.
FOLDERS = ["/static"]


@pytest.fixture(scope="module")
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("matrix")
    # Thousands of questions in a few seconds: here the limit of questions is not what is asked about.
    settings = settings_for(
        fresh_url(request, "sqlite", folder),
        folder / "home",
        model="none",
        rate_per_minute=10**6,
        login_rate_per_minute=10**6,
    )
    service = Service.open(settings)
    yield build(service=service)
    service.close()


@pytest.fixture(scope="module")
def world(app: FastAPI) -> Iterator[World]:
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as client:
        found = found_world(app.state.service)
        found.client = client
        for place in PLACES.values():
            found.report(place)
        yield found


def ask(world: World, entry: Entry, headers: dict[str, str], place: Place | None) -> Response:
    """Ask as whoever the headers prove; without a place, about rows nobody made."""
    assert world.client is not None
    if place is None:
        path = entry.path
        for part in [part for part in path.split("/") if part.startswith("{")]:
            path = path.replace(part, "1")
        return world.client.request(entry.method, path, headers=headers)
    asked = entry.ask(world, place)
    path = entry.path
    for name, value in asked.path.items():
        path = path.replace("{" + name + "}", str(value))
    assert "{" not in path, f"{entry.name}: ask() leaves a hole in the path"
    return world.client.request(
        entry.method,
        path,
        params=dict(asked.query),
        headers={**asked.headers, **headers},
        **({"content": asked.content} if asked.content is not None else {"json": asked.json}),
    )


def permitted(guard: Permission | Guard, role: Role, world: World) -> bool:
    return isinstance(guard, Guard) or world.staff[role].principal.may(guard)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_everybody_gets_what_the_role_allows(world: World, entry: Entry, role: Role) -> None:
    somebody = world.staff[role]
    # Asking may end the session (logging out): then only this one.
    headers = dict(somebody.headers)
    if entry.name == "DELETE /v1/sessions/current" and role is not Role.INTEGRATION:
        headers = world.log_in(somebody.principal.id)
    if not permitted(entry.guard, role, world):
        # Refused before anything is read: not even whether the row exists may show.
        assert ask(world, entry, headers, None).status_code == 403
        return
    for name, place in (PLACES if entry.rows else {"own": OWN}).items():
        answer = ask(world, entry, headers, place)
        status = answer.status_code
        if role in entry.exceptions:
            expected = {entry.exceptions[role]}
        elif entry.rows and not somebody.sees(place):
            expected = {entry.foreign}
        else:
            expected = set(entry.ok)
        assert status in expected, f"{entry.name}，{role}，{name}：{status}，应为 {sorted(expected)}"
        assert leaks(answer.text, somebody) == [], f"{entry.name} tells {role} of what is not theirs"


def leaks(text: str, reader: Somebody) -> list[str]:
    """What an answer tells of places and people the reader must not know of."""
    seen = [place for place in PLACES.values() if reader.sees(place)]
    hidden = [place for place in PLACES.values() if not reader.sees(place)]
    traces = [f'"{place.agent_id}"' for place in hidden] + [f"坐席{place.agent_id}" for place in hidden]
    traces += [place.team for place in hidden if place.team not in {place.team for place in seen}]
    if not reader.principal.may(Permission.READ_NAMES):
        names = set(re.findall(r"员工\d+|坐席[AB]\d\d", text)) - {reader.principal.name}
        return sorted(names) + [trace for trace in traces if trace in text]
    return [trace for trace in traces if trace in text]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_nobody_gets_in(world: World, entry: Entry) -> None:
    status = ask(world, entry, {}, OWN if entry.guard is PUBLIC else None).status_code
    assert status in (set(entry.ok) if entry.guard is PUBLIC else {401})


class TestNothingIsForgotten:
    def test_every_endpoint_has_one_entry_and_every_entry_an_endpoint(self, app: FastAPI) -> None:
        served, listed = set(served_by(app)), [entry.name for entry in ENTRIES]
        assert sorted(served - set(listed)) == [], "endpoints without an entry in role_matrix/"
        assert sorted(set(listed) - served) == [], "entries without an endpoint"
        assert len(listed) == len(set(listed)), "an endpoint with two entries"

    @pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
    def test_every_route_insists_on_what_its_entry_says(self, app: FastAPI, entry: Entry) -> None:
        assert served_by(app)[entry.name] is entry.guard

    def test_what_is_no_endpoint_is_a_folder_of_files(self, app: FastAPI) -> None:
        assert [r.path for r in iter_route_contexts(app.routes) if not r.methods] == FOLDERS


def served_by(app: FastAPI) -> dict[str, Permission | Guard]:
    """Every endpoint there is, and what guards it."""
    found = {}
    for route in iter_route_contexts(app.routes):
        for method in (route.methods or set()) - {"HEAD"}:
            found[f"{method} {route.path}"] = guard_of(getattr(route, "dependant", None))
    return found


def guard_of(dependant: Dependant | None) -> Permission | Guard:
    calls = [] if dependant is None else list(_dependencies(dependant))
    for call in calls:
        if (permission := permission_behind(call)) is not None:
            return permission
    return ANYBODY if {signed_in, visiting} & set(calls) else PUBLIC


def _dependencies(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _dependencies(inner)
