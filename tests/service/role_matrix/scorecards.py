"""评分表和回测。"""

from api.scorecards import EXAMPLE
from qa_engine.domain.access import Permission, Role
from qa_engine.jobs.backtesting import KIND
from qa_engine.services.scorecard_checks import read_uploaded
from qa_engine.services.scorecards import add_draft
from qa_engine.services.tasks import submit_task
from service.role_matrix import Asked, Entry
from service.world import SCORECARD, Place, World


def a_file(world: World, place: Place) -> Asked:
    key = f"key: card_{world.number()}"
    text = EXAMPLE.replace("key: short_service", key).replace("零售", place.business_line)
    return Asked(content=text.encode(), headers={"Content-Type": "application/yaml"})


def a_draft(world: World, place: Place) -> Asked:
    file = a_file(world, place)
    with world.work() as work:
        row = add_draft(work, read_uploaded(file.content or b""))
        return Asked(path={"key": row.key, "revision": row.revision})


def two_revisions(_world: World, _place: Place) -> Asked:
    return Asked(path={"key": SCORECARD}, query={"before": 1, "after": 1})


def the_key(_world: World, _place: Place) -> Asked:
    return Asked(path={"key": SCORECARD})


def some_calls(world: World, place: Place) -> Asked:
    world.report(place)
    return Asked(json={"key": SCORECARD, "revision": world.scorecard().revision, "last": 1})


def a_task(world: World, _place: Place) -> Asked:
    with world.work() as work:
        task = submit_task(work, KIND, {"scorecard_id": 1, "report_ids": []})
        return Asked(path={"task_id": task.id})


# Scorecards hold nothing of anybody: every reader sees all (who may change which: test_scorecards_api.py).
ENTRIES = [
    Entry("GET", "/v1/scorecards", Permission.READ_SCORECARDS),
    Entry("POST", "/v1/scorecards", Permission.EDIT_SCORECARDS, a_file),
    Entry("POST", "/v1/scorecards/check", Permission.EDIT_SCORECARDS, a_file),
    Entry("GET", "/v1/scorecards/{key}/revisions", Permission.READ_SCORECARDS, the_key),
    Entry("GET", "/v1/scorecards/{key}/diff", Permission.READ_SCORECARDS, two_revisions),
    Entry("GET", "/v1/scorecards/{key}/revisions/{revision}", Permission.READ_SCORECARDS, a_draft),
    Entry("GET", "/v1/scorecards/{key}/revisions/{revision}/lint", Permission.READ_SCORECARDS, a_draft),
    Entry("POST", "/v1/scorecards/{key}/revisions/{revision}/test", Permission.READ_SCORECARDS, a_draft),
    Entry(
        "POST", "/v1/scorecards/{key}/revisions/{revision}/publish", Permission.PUBLISH_SCORECARDS, a_draft
    ),
    Entry("POST", "/v1/backtests", Permission.EDIT_SCORECARDS, some_calls),
    # Somebody else's: only who sees everything may look (test_backtests.py asks for one's own).
    Entry(
        "GET",
        "/v1/backtests/{task_id}",
        Permission.EDIT_SCORECARDS,
        a_task,
        exceptions={Role.QA_LEAD: 404},
    ),
]
