"""复核。"""

from datetime import timedelta

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.decision import Said
from qa_engine.services.decisions import decide_review
from qa_engine.services.reviews import claim_review
from qa_engine.store.tables import ReviewRow
from service.role_matrix import Asked, Entry
from service.world import Place, World

SAID = Said("criterion:no_shirking", "override", "PASSED", "复听后认为说明清楚")
BODY = {
    "decisions": [
        {"target": SAID.target, "verdict": SAID.verdict, "human": SAID.human, "reason": SAID.reason}
    ]
}
# Allowed and seen, but another person holds it or its state does not allow the step: test_reviews.py takes
# these steps as whoever may.
NOT_NOW = {409}


def a_review(world: World, place: Place) -> Asked:
    report_id = world.report(place)
    with world.work() as work:
        review_id = work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == report_id)).one()
    return Asked(path={"review_id": review_id}, json=BODY)


def held_by_another(world: World, place: Place) -> Asked:
    asked = a_review(world, place)
    with world.work() as work:
        claim_review(work, int(str(asked.path["review_id"])), timedelta(minutes=20))
    return asked


def decided_by_another(world: World, place: Place) -> Asked:
    asked = held_by_another(world, place)
    with world.work() as work:
        decide_review(work, int(str(asked.path["review_id"])), [SAID])
    return asked


def an_unflagged_report(world: World, place: Place) -> Asked:
    return Asked(json={"report_id": world.report(place, flagged=False)})


def several(world: World, place: Place) -> Asked:
    return Asked(json={"review_ids": [a_review(world, place).path["review_id"]]})


def the_next(_world: World, place: Place) -> Asked:
    return Asked(json={"team": place.team, "count": 1})


def a_draw(_world: World, _place: Place) -> Asked:
    week = {"since": "2020-03-01T00:00:00Z", "until": "2020-03-08T00:00:00Z"}
    return Asked(json={"percent": 10, "seed": 1, **week})


ONE = "/v1/reviews/{review_id}"
ENTRIES = [
    Entry("GET", "/v1/reviews", Permission.READ_REVIEWS),
    Entry("POST", "/v1/reviews", Permission.REVIEW, an_unflagged_report, rows=True),
    Entry("POST", "/v1/reviews/claim-next", Permission.REVIEW, the_next),
    # Refused ones are told one by one in the answer (test_reviews.py).
    Entry("POST", "/v1/reviews/claim", Permission.REVIEW, several),
    Entry("POST", "/v1/reviews/draw-second", Permission.REVIEW_AGAIN, a_draw),
    Entry("GET", "/v1/reviews/decisions", Permission.EXPORT),
    Entry("GET", ONE, Permission.READ_REVIEWS, a_review, rows=True),
    Entry("POST", f"{ONE}/claim", Permission.REVIEW, a_review, rows=True),
    Entry("POST", f"{ONE}/extend", Permission.REVIEW, held_by_another, rows=True, ok=NOT_NOW),
    Entry("POST", f"{ONE}/release", Permission.REVIEW, held_by_another, rows=True, ok=NOT_NOW),
    Entry("POST", f"{ONE}/skip", Permission.REVIEW, held_by_another, rows=True, ok=NOT_NOW),
    Entry("POST", f"{ONE}/decide", Permission.REVIEW, held_by_another, rows=True, ok=NOT_NOW),
    Entry("POST", f"{ONE}/second", Permission.REVIEW_AGAIN, decided_by_another, rows=True),
    Entry("POST", f"{ONE}/settle", Permission.REVIEW_AGAIN, decided_by_another, rows=True, ok=NOT_NOW),
    Entry("POST", f"{ONE}/close", Permission.REVIEW_AGAIN, decided_by_another, rows=True, ok=NOT_NOW),
]
