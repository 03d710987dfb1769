"""Webhook：事件随事务产生，签名送达，失败重试，最后进入死信，可重放；内网地址默认不发。"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select, update
from standardwebhooks import Webhook

from qa_engine.domain.access import Role, RowScope
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.web_address import UnusableAddress, insist_on_public, parse_address
from qa_engine.jobs.courier import Courier
from qa_engine.service import Caller, Service
from qa_engine.services.deliveries import GONE, WAITS_S, Answer, settle, take_due
from qa_engine.services.events import EVENTS, emit
from qa_engine.services.webhooks import (
    WebhookWish,
    create_webhook,
    list_webhooks,
    replay_dead,
    replay_delivery,
)
from qa_engine.store.tables import DeliveryRow, WebhookRow
from service.conftest import settings_for
from service.world import World

HOOKS = "/v1/webhooks"


@dataclass
class Receiver:
    """A receiver of webhooks: answers with the statuses it is given, then with 200."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    sleep_s: float = 0.0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(found.sleep_s)
            status = found.statuses.pop(0) if found.statuses else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    """A service that may send to this machine."""
    opened = Service.open(settings_for(database_url, tmp_path / "home", webhook_private=True))
    yield opened
    opened.close()


def subscribe(service: Service, url: str, *events: str, lines: list[str] | None = None) -> tuple[int, str]:
    with service.work() as work:
        wish = WebhookWish("系统", url, events or ("batch.finished",), None)
        row, secret = create_webhook(work, wish, private=True)
        row.business_lines = lines
        return row.id, secret


def happen(service: Service, event: str = "batch.finished", line: str = "retail") -> None:
    with service.work() as work:
        emit(work, event, {"batch_id": "b1", "scored": 7}, line)


def deliveries(service: Service) -> list[DeliveryRow]:
    with service.look() as work:
        return list(work.session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)))


def make_due(service: Service) -> None:
    with service.work() as work:
        work.session.execute(update(DeliveryRow).values(due_at=work.now - timedelta(seconds=1)))


class TestDelivery:
    def test_an_event_arrives_signed_and_names_no_one(self, service: Service, receiver: Receiver) -> None:
        _, secret = subscribe(service, receiver.url)
        happen(service)
        assert Courier(service).deliver_due() == 1
        [(headers, body)] = receiver.got
        said = Webhook(secret).verify(body, headers)
        assert said["type"] == "batch.finished"
        assert said["data"] == {"batch_id": "b1", "scored": 7}
        [row] = deliveries(service)
        assert (row.state, row.attempts, row.last_status) == ("delivered", 1, 200)
        assert headers["webhook-id"] == row.event_id

    def test_a_changed_body_does_not_verify(self, service: Service, receiver: Receiver) -> None:
        _, secret = subscribe(service, receiver.url)
        happen(service)
        Courier(service).deliver_due()
        [(headers, body)] = receiver.got
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret).verify(body.replace(b"7", b"8"), headers)

    def test_no_event_without_its_transaction(self, service: Service, receiver: Receiver) -> None:
        subscribe(service, receiver.url)

        def break_off() -> None:
            with service.work() as work:
                emit(work, "batch.finished", {}, "retail")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            break_off()
        assert deliveries(service) == []

    def test_only_who_subscribed_hears_of_it(self, service: Service, receiver: Receiver) -> None:
        wanted, _ = subscribe(service, receiver.url, "review.decided", lines=["retail"])
        subscribe(service, receiver.url, "batch.finished", lines=["insurance"])
        with service.work() as work:
            sleeping, _ = create_webhook(
                work, WebhookWish("停用", receiver.url, ["review.decided"], None, active=False), private=True
            )
        happen(service, "review.decided", "retail")
        happen(service, "batch.finished", "retail")
        assert [row.webhook_id for row in deliveries(service)] == [wanted]
        assert sleeping.id != wanted

    @pytest.mark.parametrize(("status", "error"), [(500, "http_500"), (404, "http_404"), (302, "http_302")])
    def test_what_is_not_accepted_is_tried_again_later(
        self, service: Service, receiver: Receiver, status: int, error: str
    ) -> None:
        subscribe(service, receiver.url)
        happen(service)
        receiver.statuses = [status]
        Courier(service).deliver_due()
        [row] = deliveries(service)
        assert (row.state, row.attempts, row.last_error) == ("pending", 1, error)
        assert row.due_at > row.created_at + timedelta(seconds=WAITS_S[0] - 1)
        assert Courier(service).deliver_due() == 0
        make_due(service)
        Courier(service).deliver_due()
        [row] = deliveries(service)
        assert (row.state, row.attempts) == ("delivered", 2)
        first, second = receiver.got
        assert first[0]["webhook-id"] == second[0]["webhook-id"]

    def test_nobody_listening_and_nobody_answering_are_told_apart(
        self, service: Service, receiver: Receiver
    ) -> None:
        subscribe(service, "http://127.0.0.1:1/nobody")
        subscribe(service, receiver.url)
        happen(service)
        receiver.sleep_s = 5
        Courier(service, deadline_s=0.5).deliver_due()
        assert [row.last_error for row in deliveries(service)] == ["connect_failed", "timeout"]

    def test_dead_after_the_last_attempt_and_alive_again_by_replay(
        self, service: Service, receiver: Receiver
    ) -> None:
        hook, _ = subscribe(service, receiver.url)
        happen(service)
        for _ in range(len(WAITS_S) + 1):
            with service.work() as work:
                [letter] = take_due(work, 10)
                settle(work, letter, Answer(status=503))
            make_due(service)
        [row] = deliveries(service)
        assert (row.state, row.attempts) == ("dead", len(WAITS_S) + 1)
        assert Courier(service).deliver_due() == 0
        with service.work() as work:
            assert replay_dead(work, hook) == 1
        assert Courier(service).deliver_due() == 1
        assert deliveries(service)[0].state == "delivered"

    def test_gone_is_dead_at_once(self, service: Service, receiver: Receiver) -> None:
        subscribe(service, receiver.url)
        happen(service)
        receiver.statuses = [GONE]
        Courier(service).deliver_due()
        assert deliveries(service)[0].state == "dead"

    def test_replaying_what_arrived_sends_it_once_more_under_its_id(
        self, service: Service, receiver: Receiver
    ) -> None:
        hook, _ = subscribe(service, receiver.url)
        happen(service)
        Courier(service).deliver_due()
        with service.work() as work:
            replay_delivery(work, hook, deliveries(service)[0].id)
        Courier(service).deliver_due()
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        assert len(receiver.got) == 2

    def test_two_couriers_never_send_the_same_delivery_at_once(
        self, service: Service, receiver: Receiver
    ) -> None:
        subscribe(service, receiver.url)
        for _ in range(5):
            happen(service)
        with service.work() as work:
            first = take_due(work, 3)
        with service.work() as work:
            second = take_due(work, 10)
        assert len(first) == 3
        assert len(second) == 2
        assert {a.id for a in first} & {b.id for b in second} == set()

    def test_whoever_holds_the_database_alone_can_sign_nothing(
        self, service: Service, receiver: Receiver
    ) -> None:
        hook, secret = subscribe(service, receiver.url)
        with service.look() as work:
            stored = work.session.get_one(WebhookRow, hook).secret
        assert stored.hex() not in secret
        assert secret.removeprefix("whsec_").encode() not in stored


def test_an_unknown_event_is_a_mistake_of_ours(service: Service) -> None:
    with pytest.raises(ValueError, match="unknown event"), service.work() as work:
        emit(work, "unheard.of", {}, None)


def test_the_waits_add_up_to_about_three_days() -> None:
    assert len(WAITS_S) + 1 == 12
    assert timedelta(days=2.5) < timedelta(seconds=sum(WAITS_S)) < timedelta(days=3.5)


PRIVATE = [
    "https://localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://10.1.2.3/",
    "https://192.168.0.9/",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[64:ff9b::a00:1]/",
    "https://224.0.0.1/",
    "https://intranet/",
    "https://db.internal/",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_addresses_inside_are_refused(url: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        parse_address(url, private=False)
    assert str(refused.value) == "address_private"
    assert refused.value.zh


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/", "address_not_https"),
        ("https://name:word@example.com/", "address_with_credentials"),
        ("https://example.com/#here", "address_with_credentials"),
        ("ftp://example.com/", "address_malformed"),
        ("https:///path", "address_malformed"),
        ("https://a b.com/", "address_malformed"),
        ("https://example.com:99999/", "address_malformed"),
        ("https://example.com\\@10.0.0.1/", "address_malformed"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, code: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        parse_address(url, private=False)
    assert str(refused.value) == code


@pytest.mark.parametrize(
    "url", ["https://example.com/a?b=1", "https://8.8.8.8:8443/x", "https://[2606:4700::1]/"]
)
def test_public_addresses_may_be_used(url: str) -> None:
    assert parse_address(url, private=False).scheme == "https"


def test_a_name_that_leads_inside_is_refused_when_it_is_resolved() -> None:
    insist_on_public(["93.184.216.34"])
    with pytest.raises(UnusableAddress):
        insist_on_public(["93.184.216.34", "10.0.0.1"])


def test_a_webhook_stored_under_looser_settings_is_not_sent_inside(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    strict = Service.open(settings_for(database_url, tmp_path / "home"))
    try:
        subscribe(strict, receiver.url)
        happen(strict)
        Courier(strict).deliver_due()
        assert receiver.got == []
        assert deliveries(strict)[0].last_error == "address_not_https"
    finally:
        strict.close()


@pytest.mark.parametrize(
    ("name", "state", "error"), [("localhost", "delivered", None), ("other.example", "pending", "tls_failed")]
)
def test_the_certificate_must_be_that_of_the_name(
    sqlite_url: str, tmp_path: Path, name: str, state: str, error: str | None
) -> None:
    # It names no number, although the number is what is connected to.
    pem = certificate(name, tmp_path)
    settings = settings_for(sqlite_url, tmp_path / "home", webhook_private=True, webhook_ca_file=pem)
    service = Service.open(settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Accepting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        subscribe(service, f"https://localhost:{server.server_port}/hook")
        happen(service)
        Courier(service).deliver_due()
        [row] = deliveries(service)
        assert (row.state, row.last_error) == (state, error)
    finally:
        server.shutdown()
        server.server_close()
        service.close()


class Accepting(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def certificate(name: str, folder: Path) -> Path:
    """A certificate that signs itself, with its key, for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "receiver.pem"
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, form, plain))
    return path


def a_webhook(**changes: object) -> dict[str, object]:
    said = {"name": "工单系统", "url": "https://example.com/hooks/qa", "events": ["report.flagged"]}
    return {**said, **changes}


class TestHttp:
    def make(self, world: World, **changes: object) -> dict[str, object]:
        answer = world.client.post(HOOKS, json=a_webhook(**changes), headers=world.staff[Role.ADMIN].headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def test_the_secret_is_shown_once(self, world: World) -> None:
        made = self.make(world)
        assert str(made["secret"]).startswith("whsec_")
        shown = world.client.get(f"{HOOKS}/{made['id']}", headers=world.staff[Role.ADMIN].headers)
        assert "secret" not in shown.json()
        assert str(made["secret"]) not in shown.text
        renewed = world.client.post(f"{HOOKS}/{made['id']}/secret", headers=world.staff[Role.ADMIN].headers)
        assert renewed.json()["secret"] != made["secret"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"url": "https://10.0.0.1/"}, "url"),
            ({"url": "http://example.com/"}, "url"),
            ({"events": []}, "events"),
            ({"events": ["unheard.of"]}, "events[0]"),
            ({"business_lines": ["没有这条"]}, "business_lines"),
            ({"name": ""}, "name"),
            ({"more": 1}, "more"),
        ],
    )
    def test_what_cannot_be_used_is_refused(
        self, world: World, changes: dict[str, object], field: str
    ) -> None:
        answer = world.client.post(HOOKS, json=a_webhook(**changes), headers=world.staff[Role.ADMIN].headers)
        assert answer.status_code == 422
        assert answer.json()["field"] == field

    def test_change_test_replay_and_delete(self, world: World) -> None:
        admin = {"headers": world.staff[Role.ADMIN].headers}
        path = f"{HOOKS}/{self.make(world)['id']}"
        changed = world.client.put(path, json=a_webhook(name="新名字", business_lines=["retail"]), **admin)
        assert changed.json()["name"] == "新名字"
        tested = world.client.post(f"{path}/test", **admin)
        assert tested.status_code == 202
        delivery = tested.json()
        assert (delivery["event"], delivery["state"]) == ("webhook.test", "pending")
        with world.work() as work:
            work.session.get_one(DeliveryRow, delivery["id"]).state = "dead"
        dead = world.client.get(f"{path}/deliveries?state=dead", **admin).json()["items"]
        assert [item["id"] for item in dead] == [delivery["id"]]
        assert world.client.post(f"{path}/replay", **admin).json() == {"replayed": 1}
        again = world.client.post(f"{path}/deliveries/{delivery['id']}/replay", **admin)
        assert again.json()["state"] == "pending"
        assert world.client.delete(path, **admin).status_code == 204
        assert world.client.get(path, **admin).status_code == 404

    def test_deliveries_come_in_pages(self, world: World) -> None:
        admin = {"headers": world.staff[Role.ADMIN].headers}
        path = f"{HOOKS}/{self.make(world)['id']}"
        sent = [world.client.post(f"{path}/test", **admin).json()["id"] for _ in range(5)]
        seen, cursor = [], ""
        while cursor is not None:
            page = world.client.get(f"{path}/deliveries?limit=2&cursor={cursor}", **admin).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == sent[::-1]

    def test_somebody_limited_to_lines_manages_only_theirs(self, world: World) -> None:
        other = self.make(world, business_lines=["insurance"])["id"]
        everything = self.make(world)["id"]
        own = self.make(world, business_lines=["retail"])["id"]
        limited = replace(world.staff[Role.ADMIN].principal, rows=RowScope(frozenset({"retail"})))
        with world.service.work(Caller(limited)) as work:
            seen = {row.id for row in list_webhooks(work)}
            with pytest.raises(Invalid):
                create_webhook(
                    work, WebhookWish("x", "https://example.com/", ["report.flagged"]), private=False
                )
        assert own in seen
        assert not {other, everything} & seen


def test_every_event_there_is_can_be_subscribed_to() -> None:
    from api.schemas.webhooks import Event

    assert set(get_args(Event)) == set(EVENTS)
