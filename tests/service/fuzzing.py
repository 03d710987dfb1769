"""Asking every operation of the OpenAPI document with what fits it and with what does not."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning, Unsatisfiable
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks as c

from service.served import CHANGED, Served, log_in

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "telecom_hotline" / "chat.jsonl"
CHECKS = [
    schemathesis.checks.not_a_server_error,
    c.status_code_conformance,
    c.content_type_conformance,
    c.response_schema_conformance,
    c.response_headers_conformance,
]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
# Ids of those who ask (``furnish`` makes them first).
PEOPLE = {"1", "2", "3"}
# What these sessions are for would be over after one request.
SPARED = {("DELETE", "/v1/sessions/current"), ("PUT", "/v1/users/me/password")}


@dataclass
class Tally:
    """What came of it. ``failures`` say operation, status and what the document does not allow."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_operation: dict[str, Counter[int]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def server_errors(self) -> int:
        return sum(n for status, n in self.statuses.items() if status >= 500)


def fuzz(
    url: str,
    document: Mapping[str, Any],
    people: Sequence[Callable[[], requests.Session]],
    each: int,
    number: int,
    known: Mapping[str, Sequence[Any]],
) -> Tally:
    """Ask every operation, ``each`` times in either mode, as the first of these people who may.

    Args:
        people: each logs somebody in.
        number: the seed.
        known: values of path parameters that exist; half of the questions are about them.
    """
    load_all_checks()
    tally = Tally()
    schema = schemathesis.openapi.from_dict(dict(document))
    sessions = [enter() for enter in people]
    for operation in operations(schema):
        name = f"{operation.method.upper()} {operation.path}"
        tally.by_operation[name] = Counter()
        for i, enter in enumerate(people):
            # What was asked before may have ended the session.
            if sessions[i].get(f"{url}/v1/sessions/current").status_code != 200:
                sessions[i] = enter()
            for mode in MODES:
                _ask(url, operation, mode, sessions[i], each, number, known, tally, name)
            if set(tally.by_operation[name]) - {401, 403}:
                break
    return tally


@dataclass(frozen=True)
class Furnished:
    """People who can log in, and values of path parameters that exist."""

    people: dict[str, Callable[[], requests.Session]]
    known: dict[str, list[Any]]


def furnish(served: Served) -> Furnished:
    """Make somebody of each kind and something of every noun, so that questions meet more than 404."""
    calls = [json.loads(line) for line in SAMPLES.read_text("utf-8").splitlines()]
    with served.admin() as admin:

        def add(path: str, **body: Any) -> dict[str, Any]:
            answer = admin.post(path, **body)
            assert answer.status_code in (200, 201, 202), (path, answer.text)
            return answer.json()

        people = {"admin": partial(_session, served.url, "admin", CHANGED)}
        for login, role in (("lead", "qa_lead"), ("agent", "agent"), ("throwaway", "reviewer")):
            new = {"login": f"fuzz.{login}", "name": login, "role": role}
            made = add("/v1/users", json={**new, "agent_id": "S00" if role == "agent" else None})
            if login != "throwaway":
                with served.client() as client:
                    log_in(client, made["one_time_password"], new["login"])
                    change = {"current_password": made["one_time_password"], "new_password": CHANGED}
                    client.put("/v1/users/me/password", json=change).raise_for_status()
                people[login] = partial(_session, served.url, new["login"], CHANGED)
        scored = [add("/v1/score?scorecard=telecom_hotline", json=call) for call in calls[:3]]
        hook = {"name": "h", "url": "https://example.com/h", "events": ["report.flagged"]}
        key = {"name": "k", "scopes": ["calls:read"]}
        flagged = {"name": "f", "rate": 1.0, "where": {"needs_review": True}}
        design = {"kind": "stratified", "rest_rate": 0.5, "strata": [flagged]}
        plan = {"name": "p", "scorecard_key": "telecom_hotline", "business_line": "运营商", "design": design}
        batch = add("/v1/batches?scorecard=telecom_hotline", json=calls[:1])
        reports = [one["id"] for one in scored]
        known = {
            "report_id": reports,
            "transcript_id": [one["stored"]["transcript_id"] for one in scored],
            "review_id": [1, 2],
            "user_id": [made["user"]["id"]],
            "key_id": [add("/v1/api-keys", json=key)["key"]["id"]],
            "webhook_id": [add("/v1/webhooks", json=hook)["id"]],
            "plan_id": [add("/v1/samples/plans", json=plan)["id"]],
            "batch_id": [batch["id"]],
            "key": ["telecom_hotline", "general_service"],
            "revision": [1],
            "appeal_id": [1],
            "calibration_id": [1],
            "draw_id": [1],
            "delivery_id": [1],
        }
    with people["lead"]() as lead:
        blind = {
            "name": "c", "scorecard_key": "telecom_hotline", "business_line": "运营商",
            "reviewers": [1, 2], "reports": reports,
        }  # fmt: skip
        lead.post(f"{served.url}/v1/calibrations", json=blind)
    return Furnished(people, known)


def _session(url: str, login: str, password: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    answer = session.post(f"{url}/v1/sessions", json={"login": login, "password": password})
    answer.raise_for_status()
    session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return session


def operations(schema: Any) -> Iterator[Any]:
    """Every operation, the spared ones left out."""
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method.upper(), operation.path) not in SPARED:
            yield operation


def _ask(
    url: str,
    operation: Any,
    mode: schemathesis.GenerationMode,
    session: requests.Session,
    each: int,
    number: int,
    known: Mapping[str, Sequence[Any]],
    tally: Tally,
    name: str,
) -> None:
    turn = 0

    @seed(number)
    @settings(
        max_examples=each,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        nonlocal turn
        turn += 1
        if turn % 2:
            for key in set(case.path_parameters or {}) & set(known):
                case.path_parameters[key] = known[key][turn // 2 % len(known[key])]
        if str((case.path_parameters or {}).get("user_id", "")).strip().lstrip("+0") in PEOPLE:
            # Whoever asks must not be locked out by an answer to a question about themselves.
            case.path_parameters["user_id"] = known["user_id"][0]
        # A session is at stake here, not the fuzzer's own invention of one.
        case.headers.pop("Authorization", None)
        case.cookies.clear()
        answer = case.call(base_url=url, session=session, timeout=60)
        tally.statuses[answer.status_code] += 1
        tally.by_operation[name][answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except schemathesis.errors.FailureGroup as group:
            for failure in group.exceptions:
                told = f"{name} {answer.status_code}: {failure.title}"
                tally.failures[told] += 1
                tally.samples.setdefault(told, f"{case.as_curl_command()[:600]}\n{failure.message[:600]}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            one()
        except Unsatisfiable:
            # There is nothing this operation takes that could be wrong.
            return
