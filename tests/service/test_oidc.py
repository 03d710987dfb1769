"""统一身份登录：对着一个真的（很小的）OIDC 服务进程，走完整个流程；它撒的每一种谎都不能让人进来。"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import build
from qa_engine.domain.access import Role
from qa_engine.domain.refusal import Unauthenticated, Unavailable
from qa_engine.service import Service
from qa_engine.services.accounts import Duties, change_user
from qa_engine.services.oidc import Departure, Provider
from qa_engine.services.oidc_accounts import ClaimNames, log_in_by_oidc
from qa_engine.store.tables import AuditRow, SessionRow, UserRow
from service.conftest import fresh_url, settings_for
from service.oidc_provider import CLIENT, SECRET
from service.world import World, found_world

NAMES = ClaimNames("qa_engine_role", "qa_engine_teams", "qa_engine_business_lines", "qa_engine_agent_id")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    program = Path(__file__).with_name("oidc_provider.py")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="module")
def site(
    issuer: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("oidc")
    settings = settings_for(
        fresh_url(request, "sqlite", folder),
        folder / "home",
        model="none",
        login_rate_per_minute=10**6,
        oidc_issuer=issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        public_url="https://qa.example.com/",
    )
    service = Service.open(settings)
    world = found_world(service)
    with TestClient(
        build(service=service), base_url="https://qa.example.com", follow_redirects=False
    ) as client:
        world.client = client
        yield world
    service.close()


def person(world: World, **claims: object) -> dict[str, object]:
    return {"sub": f"person-{world.number()}", "name": "赵某", "qa_engine_role": "reviewer", **claims}


def go(world: World, issuer: str, claims: dict[str, object], fault: str | None = None):
    """Leave for the provider, log in there as that person, come back: our last answer."""
    httpx2.post(f"{issuer}/behave", json={"claims": claims, "fault": fault}).raise_for_status()
    return come_back(world, at_provider(world))


def at_provider(world: World) -> dict[str, str]:
    """Leave for the provider and log in there: with what the browser is sent back."""
    world.client.cookies.clear()
    away = world.client.get("/v1/oidc/login")
    assert away.status_code == 303
    back = httpx2.get(away.headers["location"])
    assert back.headers["location"].startswith("https://qa.example.com/v1/oidc/callback?")
    return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}


def come_back(world: World, sent: dict[str, str]):
    return world.client.get("/v1/oidc/callback", params=sent)


def whoami(world: World) -> dict[str, object]:
    return world.client.get("/v1/sessions/current").json()


class TestArrival:
    def test_a_new_person_gets_an_account_with_the_claims_role_and_rows(self, site, issuer):
        claims = person(
            site,
            qa_engine_role=["something-else", "team_lead"],
            qa_engine_teams=["零售一组"],
            qa_engine_business_lines="retail",
            preferred_username="zhao.lead",
        )
        answer = go(site, issuer, claims)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        told = whoami(site)
        assert (told["name"], told["role"], told["must_change_password"]) == ("赵某", "team_lead", False)
        with site.service.look() as work:
            row = work.session.get_one(UserRow, int(told["id"]))
            assert (row.login, row.teams, row.business_lines) == ("zhao.lead", ["零售一组"], ["retail"])
            assert row.password_hash is None
            assert claims["sub"] not in row.oidc_subject
            opened = select(AuditRow).where(AuditRow.actor == f"user:{row.id}")
            assert [entry.detail for entry in work.session.scalars(opened)] == [{"by": "oidc"}]

    def test_the_same_person_keeps_the_account_and_follows_the_claims(self, site, issuer):
        claims = person(site, qa_engine_business_lines=["retail"])
        go(site, issuer, claims)
        first = whoami(site)
        go(site, issuer, {**claims, "qa_engine_role": "agent", "qa_engine_agent_id": "A05", "name": "赵改名"})
        second = whoami(site)
        assert (second["id"], second["role"], second["name"]) == (first["id"], "agent", "赵改名")
        with site.service.look() as work:
            row = work.session.get_one(UserRow, int(second["id"]))
            assert (row.agent_id, row.business_lines) == ("A05", ["retail"]), (
                "an absent claim changes nothing"
            )

    def test_a_log_in_name_made_here_is_never_taken_over(self, site, issuer):
        with site.service.look() as work:
            local = work.session.get_one(UserRow, int(site.staff[Role.ADMIN].principal.id))
        go(site, issuer, person(site, preferred_username=local.login.upper()))
        with site.service.look() as work:
            row = work.session.get_one(UserRow, int(whoami(site)["id"]))
        assert row.id != local.id
        assert row.login.startswith("oidc.")

    def test_the_account_has_no_password_here(self, site, issuer):
        go(site, issuer, person(site))
        told = whoami(site)
        headers = {"X-CSRF-Token": str(told["csrf_token"])}
        sent = {"current_password": "x", "new_password": "long-enough-37"}
        answer = site.client.put("/v1/users/me/password", json=sent, headers=headers)
        assert answer.status_code == 409

    def test_whoever_was_deactivated_here_stays_out(self, site, issuer):
        claims = person(site)
        go(site, issuer, claims)
        with site.work(Role.ADMIN) as work:
            change_user(work, int(whoami(site)["id"]), active=False)
        assert go(site, issuer, claims).status_code == 401


class TestRoles:
    @pytest.mark.parametrize(
        "said", [None, "", "boss", "integration", ["admin", "reviewer"], ["integration"], 7, {"admin": True}]
    )
    def test_no_single_role_no_entry(self, site, issuer, said):
        answer = go(site, issuer, person(site, qa_engine_role=said))
        assert (answer.status_code, answer.json()["error"]) == (403, "no_role")
        assert whoami(site)["error"] == "unauthenticated"

    @pytest.mark.parametrize(
        ("claims", "field"),
        [
            ({"qa_engine_role": "team_lead"}, "teams"),
            ({"qa_engine_role": "team_lead", "qa_engine_teams": {"all": True}}, "teams"),
            ({"qa_engine_role": "agent"}, "agent_id"),
            ({"qa_engine_role": "agent", "qa_engine_agent_id": 5}, "agent_id"),
        ],
    )
    def test_a_role_without_what_it_needs(self, site, issuer, claims, field):
        answer = go(site, issuer, person(site, **claims))
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    @pytest.mark.parametrize("said", [[], None, 7, {"x": 1}, ["\x00"]])
    def test_a_claim_that_cannot_be_read_never_widens(self, site, issuer, said):
        go(site, issuer, person(site, qa_engine_business_lines=said))
        with site.service.look() as work:
            assert work.session.get_one(UserRow, int(whoami(site)["id"])).business_lines == []


class TestLies:
    @pytest.mark.parametrize(
        "fault",
        ["nonce", "audience", "expired", "issuer", "foreign_key", "shared_secret", "unsigned", "no_subject"],
    )
    def test_nobody_gets_in(self, site, issuer, fault):
        with site.service.look() as work:
            before = work.session.scalar(select(func.count()).select_from(SessionRow))
        answer = go(site, issuer, person(site), fault)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthenticated")
        with site.service.look() as work:
            assert work.session.scalar(select(func.count()).select_from(SessionRow)) == before

    def test_a_provider_that_names_another_issuer_is_none(self, site, issuer):
        httpx2.post(f"{issuer}/behave", json={"claims": {}, "fault": "foreign_issuer"})
        answer = site.client.get("/v1/oidc/login")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


class TestReturn:
    """The way back may be forged by anybody."""

    @pytest.fixture
    def sent(self, site, issuer) -> dict[str, str]:
        httpx2.post(f"{issuer}/behave", json={"claims": person(site)})
        return at_provider(site)

    def test_once_only(self, site, sent):
        kept = dict(site.client.cookies)
        assert come_back(site, sent).status_code == 303
        site.client.cookies.clear()
        site.client.cookies.update(kept)
        assert come_back(site, sent).status_code == 401

    @pytest.mark.parametrize(
        "change", [{"state": "forged"}, {"code": "forged"}, {"state": None}, {"code": None}]
    )
    def test_forged(self, site, sent, change):
        sent = {name: value for name, value in {**sent, **change}.items() if value is not None}
        assert come_back(site, sent).status_code == 401

    def test_by_somebody_who_never_left(self, site, sent):
        site.client.cookies.clear()
        assert come_back(site, sent).status_code == 401

    @pytest.mark.parametrize("cookie", ["", "x", "k1.AAAA", "k1.!!!", "."])
    def test_with_a_forged_memory(self, site, sent, cookie):
        site.client.cookies.clear()
        headers = {"Cookie": f"qa_engine_oidc={cookie}"}
        answer = site.client.get("/v1/oidc/callback", params=sent, headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize("late", [601, -1], ids=["too late", "before leaving"])
def test_whoever_comes_back_at_the_wrong_time_is_refused(late):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    departure = Departure("state", "nonce", "verifier", int(now.timestamp() * 1000))
    # Nothing listens at this address: a question there would be a 503 and not this refusal.
    provider = Provider("http://127.0.0.1:9", CLIENT, SECRET)
    with pytest.raises(Unauthenticated):
        provider.receive(
            departure, state="state", code="code", redirect_uri="https://x", now=now + timedelta(seconds=late)
        )
    with pytest.raises(Unavailable):
        provider.receive(departure, state="state", code="code", redirect_uri="https://x", now=now)


def test_without_a_provider_there_is_no_such_log_in(world):
    world.client.cookies.clear()
    assert world.client.get("/v1/oidc/login").status_code == 404
    assert world.client.get("/v1/oidc/callback", params={"state": "s", "code": "c"}).status_code == 404


def test_accounts_are_the_same_on_both_databases(world):
    claims = {"sub": "x", "qa_engine_role": "agent", "qa_engine_agent_id": "B7", "name": "钱某"}
    ids = set()
    for _ in range(2):
        with world.service.work() as work:
            ids.add(log_in_by_oidc(work, "https://id.example.com", "x", claims, NAMES, 1).user.id)
    with world.service.work() as work:
        other = log_in_by_oidc(work, "https://other.example.com", "x", claims, NAMES, 1).user
        assert other.id not in ids, "the same subject at another provider is another person"
        assert Duties(Role(other.role), other.teams, other.business_lines, other.agent_id) == Duties(
            Role.AGENT, agent_id="B7"
        )
    assert len(ids) == 1
