"""Does planted personal data get out? Store, exports, answers and logs, searched from end to end.

usage: python benchmarks/pii.py [--count N] [--database URL] [--show]

Sends the corpus with invented numbers planted (see ``planted.py``) to the service over HTTP, reviews some
calls with numbers in the reasons, sends requests that fail with numbers in them, exports everything in every
format without the right to raw text, and searches all of it for what was planted: every column, the
database file itself, the logs at DEBUG, the answers. Prints how often something was found, by place and kind;
the exit code is 1 when a number (mobile, identity, bank card) or a mail address was found.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import ahocorasick
import orjson
import pyarrow.parquet
from fastapi.testclient import TestClient
from httpx import Response
from planted import Planted, Secret, plainest, planted_calls
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from api.app import build
from qa_engine.domain.access import PERMISSIONS, Role
from qa_engine.domain.decision import Said
from qa_engine.domain.transcript import Speaker
from qa_engine.domain.transcript_json import stored_json
from qa_engine.logs import configure
from qa_engine.service import Service
from qa_engine.services.api_keys import create_key
from qa_engine.services.decisions import decide_review
from qa_engine.services.reviews import claim_review, open_review
from qa_engine.services.work import Work
from qa_engine.settings import Settings
from qa_engine.store.engine import Database
from qa_engine.store.migrations import upgrade
from qa_engine.store.plain_rows import read_rows, shape_of
from qa_engine.store.tables import ReportRow, ReviewRow, Table, TranscriptRow, WebhookRow
from qa_engine.store.transcripts import raw_transcript

CONTROL = "原文（对照）"
"""Not a leak: the originals, opened with the key, to prove that the search finds what is there."""
NUMBERS = ("手机号", "身份证号", "银行卡号", "邮箱")
SCORECARDS = ("general_service", "ecommerce_after_sales", "bank_consumer_finance", "telecom_hotline")
# Nobody is to be turned away for asking too often.
UNHURRIED = 10_000_000
_REVIEWED, _FAILED = 20, 4
Found = dict[str, Counter[str]]


def search(planted: Sequence[Planted], settings: Settings) -> Found:
    """Send everything, look everywhere; returns place → kind → how often. Every place looked at is named."""
    wanted = _automaton(secret for call in planted for secret in call.secrets)
    log = io.StringIO()
    places: Found = {}

    def look(place: str, text: str) -> None:
        counted = places.setdefault(place, Counter())
        counted.update(kind for _, kind in wanted.iter(plainest(text)))

    with _logging_to(log):
        database = Database(settings.url)
        upgrade(database)
        service = Service.open(settings)
        try:
            with TestClient(build(service=service), raise_server_exceptions=False) as client:
                headers = _system(service)
                _send(client, headers, planted)
                _review(service, planted)
                _fail(client, headers, planted)
                for place, text in _answers(client, headers, service):
                    look(place, text)
            for place, text in _columns(database):
                look(place, text)
            for text in _originals(service):
                look(CONTROL, text)
        finally:
            service.close()
            database.close()
    look("日志（DEBUG）", log.getvalue())
    if settings.url.startswith("sqlite:///"):
        for file in sorted(Path(settings.url.removeprefix("sqlite:///")).parent.glob("*.db*")):
            look("数据库文件的字节", file.read_bytes().decode("latin-1"))
    return places


def numbers_in(found: Found) -> int:
    """How many numbers and mail addresses were found anywhere but in the opened originals."""
    places = [counted for place, counted in found.items() if place != CONTROL]
    return sum(counted[kind] for counted in places for kind in NUMBERS)


def _automaton(secrets: Iterable[Secret]) -> ahocorasick.Automaton:
    wanted = ahocorasick.Automaton()
    for secret in secrets:
        wanted.add_word(plainest(secret.text), secret.kind)
    wanted.make_automaton()
    return wanted


@contextmanager
def _logging_to(stream: io.StringIO) -> Iterator[None]:
    """All logs at their most talkative, into a stream; as before afterwards."""
    root = logging.getLogger()
    before = root.handlers, root.level
    configure("DEBUG", stream)
    try:
        yield
    finally:
        root.handlers, level = before
        root.setLevel(level)


def _system(service: Service) -> dict[str, str]:
    """A system that may do what systems may by their role: it may not read raw text."""
    with service.work() as work:
        created = create_key(work, name="PII", scopes=PERMISSIONS[Role.INTEGRATION])
        work.session.add(
            WebhookRow(
                name="PII", url="https://example.com", events=["report.flagged", "review.decided"],
                business_lines=None, secret=b"x" * 32, active=True, created_by=work.actor,
                created_at=work.now,
            )
        )  # fmt: skip
    return {"Authorization": f"Bearer {created.secret}"}


def _send(client: TestClient, headers: dict[str, str], planted: Sequence[Planted]) -> None:
    for number, call in enumerate(planted):
        answer = client.post(
            "/v1/score",
            params={"scorecard": SCORECARDS[number % len(SCORECARDS)]},
            content=orjson.dumps(call.record),
            headers={**headers, "Idempotency-Key": str(call.record["id"])},
        )
        if answer.status_code != 201:
            raise RuntimeError(f"call {number} was not scored: {answer.status_code} {answer.text}")


def _review(service: Service, planted: Sequence[Planted]) -> None:
    """Reviewers quote numbers in their reasons."""
    with service.look() as work:
        reports = work.session.scalars(select(ReportRow.id).order_by(ReportRow.id).limit(_REVIEWED)).all()
    for report_id, call in zip(reports, planted, strict=False):
        secret = next(secret.text for secret in call.secrets if secret.kind == "手机号")
        with service.work() as work:
            review_id = _review_of(work, report_id)
            row = work.session.get_one(ReportRow, report_id)
            body = orjson.loads(zlib.decompress(row.body))
            passed = [item["key"] for item in body["criteria"] if item["outcome"] == "PASSED"]
            claim_review(work, review_id, timedelta(minutes=5))
            said = [
                Said(f"criterion:{key}", "override", "FAILED", f"客户手机号{secret}没有核对", ())
                for key in passed[:1]
            ]
            decide_review(work, review_id, said)


def _review_of(work: Work, report_id: int) -> int:
    """The review of a report, flagged or opened by hand."""
    flagged = work.session.scalar(select(ReviewRow.id).where(ReviewRow.report_id == report_id))
    return flagged if flagged is not None else open_review(work, report_id).id


def _fail(client: TestClient, headers: dict[str, str], planted: Sequence[Planted]) -> None:
    """Requests that are refused, with data in their bodies, paths, queries and headers."""
    for call in planted[:_FAILED]:
        secret = next(secret.text for secret in call.secrets if secret.kind == "手机号")
        record = call.record
        ask = partial(_ask, client, headers)
        for content in (
            orjson.dumps(record)[:-20],
            orjson.dumps({**record, "turns": record["turns"][0]}),
            orjson.dumps({**record, "turns": [{"speaker": secret, "text": secret}]}),
            orjson.dumps({**record, "customer": secret}),
            orjson.dumps([record, record]),
        ):
            ask("POST", "score", {"scorecard": "general_service"}, content)
        ask("POST", "score", {"scorecard": secret}, orjson.dumps(record))
        ask("POST", "erasures", {}, orjson.dumps({"customer_id": secret, "more": secret}))
        ask("POST", "sessions", {}, orjson.dumps({"login": secret, "password": secret}))
        for path in (f"reports/{secret}{secret}", f"transcripts/{secret}", secret):
            ask("GET", path, {})
        ask("GET", "reports", {"transcript_id": str(record["id"]), "cursor": secret})
        ask("GET", "reports", {"attribute": f"手机号={secret}", "agent": secret})
        ask("GET", "reports/export", {"transcript_id": str(record["id"])})
        client.get("/v1/reports", headers={"Authorization": f"Bearer {secret}"})


def _ask(
    client: TestClient,
    headers: dict[str, str],
    method: str,
    path: str,
    params: dict[str, str],
    content: bytes | None = None,
) -> None:
    kind = {"Content-Type": "application/json"} if content else {}
    client.request(method, f"/v1/{path}", params=params, content=content, headers={**headers, **kind})


def _answers(client: TestClient, headers: dict[str, str], service: Service) -> Iterator[tuple[str, str]]:
    """Everything a system without the right to raw text can read."""
    for form in ("jsonl", "csv", "parquet", "xlsx"):
        for part in _exported(client, headers, form):
            yield f"导出 {form}", part
    yield "接口 列表", _read(client, "reports?limit=500", headers).text
    with service.look() as work:
        reports = work.session.execute(select(ReportRow.id, ReportRow.transcript_id)).all()
    for report_id, transcript_id in reports:
        yield "接口 报告", _read(client, f"reports/{report_id}", headers).text
        yield "接口 来历", _read(client, f"reports/{report_id}/history", headers).text
        conversation = _read(client, f"transcripts/{transcript_id}", headers)
        yield "接口 会话", conversation.text
        # A number read out over several turns is whole only when what the customer says is read on.
        turns = conversation.json()["content"]["turns"]
        yield "会话连读", "".join(turn["text"] for turn in turns if turn["speaker"] == "customer")
    for path in ("metrics", "batches", "business-lines"):
        yield f"接口 {path}", _read(client, path, headers).text


def _read(client: TestClient, path: str, headers: dict[str, str]) -> Response:
    answer = client.get(f"/v1/{path}", headers=headers)
    if answer.status_code != 200:
        # A refusal holds nothing, so it would pass for clean.
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    return answer


def _exported(client: TestClient, headers: dict[str, str], form: str) -> Iterator[str]:
    cursor: str | None = None
    while True:
        params = {"format": form, "limit": "500", **({"cursor": cursor} if cursor else {})}
        answer = client.get("/v1/reports/export", params=params, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"export {form}: {answer.status_code} {answer.text}")
        yield _as_text(form, answer.content)
        cursor = answer.headers.get("X-Next-Cursor")
        if cursor is None:
            return


def _as_text(form: str, content: bytes) -> str:
    if form == "parquet":
        return str(pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist())
    if form == "xlsx":
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return "\n".join(str(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)
    return content.decode()


def _originals(service: Service) -> Iterator[str]:
    """What the search must find: the sealed texts, opened with the key, all that a customer said read on."""
    with service.look() as work:
        for row in work.session.scalars(select(TranscriptRow)):
            call = raw_transcript(work.keyring, row)
            if call is not None:
                yield str(stored_json(call))
                yield "".join(turn.text for turn in call.turns if turn.speaker is Speaker.CUSTOMER)


def _columns(database: Database) -> Iterator[tuple[str, str]]:
    """Every value of every column; compressed ones opened, sealed ones as they lie."""
    with database.engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            shape = shape_of(table)
            for row in read_rows(connection, shape):
                for name, value in zip(shape.columns, row, strict=True):
                    if value is not None:
                        yield f"列 {shape.name}.{name}", _opened(value)


def _opened(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return zlib.decompress(value).decode()
    except (zlib.error, UnicodeDecodeError):
        return value.decode("latin-1")


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=None, help="conversations (default: the whole corpus)")
    parser.add_argument("--database", default="", help="URL of an empty database (default: SQLite)")
    parser.add_argument("--show", action="store_true", help="list every place looked at, not only finds")
    args = parser.parse_args()
    planted = list(planted_calls(args.count))
    secrets = Counter(secret.kind for call in planted for secret in call.secrets)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            home=Path(folder), database_url=args.database, model="none", workers=0, rate_per_minute=UNHURRIED
        )
        found = search(planted, settings)
    originals = found.pop(CONTROL)
    print(f"{len(planted)} conversations, planted: {dict(secrets)}; looked at {len(found)} places")
    for place, counted in found.items():
        if counted or args.show:
            print(f"  {place}: {dict(counted)}")
    print(f"the same search of the opened originals finds {dict(originals)}")
    print(
        f"numbers and mail addresses found: {numbers_in(found)}; addresses: "
        f"{sum(counted['地址'] for counted in found.values())}"
    )
    return 1 if numbers_in(found) else 0


if __name__ == "__main__":
    sys.exit(main())
