"""幂等键：同一个键、同样的内容只做一次，永不过期；别人的同名键互不相干。"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from qa_engine.domain.access import EVERYTHING, PERMISSIONS, Principal, Role
from qa_engine.domain.refusal import Conflict
from qa_engine.service import Caller, Service
from qa_engine.services.idempotency import Done, IdempotentRequest, once, recall
from qa_engine.store.tables import IdempotencyRow

ASKED = IdempotentRequest("score", "k-1", b"content")


def somebody(number: int) -> Caller:
    return Caller(Principal("user", str(number), "x", Role.QA_LEAD, PERMISSIONS[Role.QA_LEAD], EVERYTHING))


def test_it_is_done_once(service: Service) -> None:
    made: list[str] = []

    def act() -> str:
        made.append("report:1")
        return made[-1]

    answers = []
    for _ in range(3):
        with service.work(somebody(1)) as work:
            answers.append(once(work, ASKED, act))
    assert answers == [Done("report:1", fresh=True), *[Done("report:1", fresh=False)] * 2]
    assert made == ["report:1"]


def test_without_a_key_it_is_done_every_time(service: Service) -> None:
    with service.work() as work:
        assert [once(work, None, lambda: "x:1").fresh for _ in range(2)] == [True, True]


def test_another_content_under_the_same_key_is_refused(service: Service) -> None:
    with service.work(somebody(1)) as work:
        once(work, ASKED, lambda: "report:1")
    with service.look(somebody(1)) as work, pytest.raises(Conflict):
        recall(work, IdempotentRequest("score", "k-1", b"other"))


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        (2, ASKED),
        (1, IdempotentRequest("batch", "k-1", b"content")),
        (1, IdempotentRequest("score", "k-2", b"content")),
    ],
    ids=["another caller", "another route", "another key"],
)
def test_it_is_another_request_for(service: Service, who: int, asked: IdempotentRequest) -> None:
    with service.work(somebody(1)) as work:
        once(work, ASKED, lambda: "report:1")
    with service.look(somebody(who)) as work:
        assert recall(work, asked) is None


def test_it_never_expires(service: Service) -> None:
    with service.work(somebody(1)) as work:
        once(work, ASKED, lambda: "report:1")
    with service.work() as work:
        row = work.session.query(IdempotencyRow).one()
        row.created_at = work.now - timedelta(days=3650)
    with service.look(somebody(1)) as work:
        assert recall(work, ASKED) == Done("report:1", fresh=False)


def test_what_failed_may_be_tried_again(service: Service) -> None:
    def broken() -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError), service.work(somebody(1)) as work:
        once(work, ASKED, broken)
    with service.work(somebody(1)) as work:
        assert once(work, ASKED, lambda: "report:2") == Done("report:2", fresh=True)


def test_at_one_moment_one_does_it_and_the_others_get_its_answer(service: Service) -> None:
    made: list[str] = []
    answers: list[Done] = []
    begin = threading.Barrier(6)

    def ask(number: int) -> None:
        def act() -> str:
            made.append(f"report:{number}")
            return made[-1]

        begin.wait()
        with service.work(somebody(1)) as work:
            answers.append(once(work, ASKED, act))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert {answer.subject for answer in answers} == set(made)
    assert [answer.fresh for answer in answers].count(True) == 1
