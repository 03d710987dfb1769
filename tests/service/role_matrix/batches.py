"""批次。"""

from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.batches import Submission, new_batch_id, submit_batch
from qa_engine.services.judging import choose_judging
from service.role_matrix import Asked, Entry
from service.world import SCORECARD, Place, World

CALL = {"turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": "请问几点开门"}]}


def batch_in(world: World, place: Place) -> str:
    """A batch of that business line, put in line by a system of the whole house."""
    key = world.add_key()
    with world.service.work(Caller(key.principal)) as work:
        judging = choose_judging(work, SCORECARD, place.business_line)
        submission = Submission(new_batch_id(), "批次", ["calls.jsonl"], None, 1, "n0")
        submit_batch(work, judging, submission, most_waiting=10**9)
    return submission.id


def a_batch(world: World, place: Place) -> Asked:
    return Asked(path={"batch_id": batch_in(world, place)})


def a_list(_world: World, place: Place) -> Asked:
    return Asked(query={"scorecard": SCORECARD, "business_line": place.business_line}, json=[CALL])


def a_file(_world: World, place: Place) -> Asked:
    query = {"filename": "a.json", "scorecard": SCORECARD, "business_line": place.business_line}
    return Asked(query=query, content=b'[{"turns": [{"speaker": "agent", "text": "x"}]}]')


def a_folder(_world: World, place: Place) -> Asked:
    return Asked(json={"path": "/", "scorecard": SCORECARD, "business_line": place.business_line})


ENTRIES = [
    Entry("GET", "/v1/batches", Permission.READ_BATCHES),
    Entry("POST", "/v1/batches", Permission.RUN_BATCHES, a_list, rows=True),
    Entry("POST", "/v1/batches/upload", Permission.RUN_BATCHES, a_file, rows=True),
    # No folder of the server is allowed here, so that whoever may ask is told there is none.
    Entry("POST", "/v1/batches/folder", Permission.RUN_BATCHES, a_folder, ok={404}),
    Entry("GET", "/v1/batches/{batch_id}", Permission.READ_BATCHES, a_batch, rows=True),
    Entry("GET", "/v1/batches/{batch_id}/errors", Permission.READ_BATCHES, a_batch, rows=True),
    Entry("POST", "/v1/batches/{batch_id}/cancel", Permission.RUN_BATCHES, a_batch, rows=True),
]
