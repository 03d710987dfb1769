"""From rows that say what is to be done to workflows that do it, and again where a workflow was lost.

Rows are written by requests and steps; a workflow may be missing because nobody has begun one yet, because
the process that meant to died, or because its worker never came back. Looking at the rows and at what the
library knows mends all of these alike, and a workflow too many does no harm (see ``steps``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from qa_engine.jobs import steps
from qa_engine.jobs.library import CHUNKS, TASKS, Library, imports_of
from qa_engine.jobs.transactions import settled
from qa_engine.service import Service
from qa_engine.services import workers
from qa_engine.services.work import Work
from qa_engine.store.tables import BatchChunk, BatchRow, TaskRow

# Chunks are begun in order, so the lost ones are among the first that still wait.
_LOOKED_AT = 100
_log = structlog.get_logger("qa_engine.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work under the name that all its workflows begin with."""

    queue: str
    workflow: str
    name: str
    arguments: tuple[str | int, ...]
    priority: int = 1

    def id(self, generation: int) -> str:
        """The id of its first, second, … workflow."""
        return f"{self.name}/{generation}"


def import_job(batch_id: str, node: str) -> Job:
    """Read a batch in, on the installation where its inputs lie."""
    return Job(imports_of(node), "import_batch", f"import/{batch_id}", (batch_id,))


def chunk_job(batch_id: str, chunk: int) -> Job:
    """Score a chunk; early chunks go first, so that a small batch need not wait for a giant one."""
    return Job(CHUNKS, "score_chunk", f"chunk/{batch_id}/{chunk}", (batch_id, chunk), priority=chunk + 1)


def task_job(task_id: str) -> Job:
    """Do a long task."""
    return Job(TASKS, "run_task", f"task/{task_id}", (task_id,))


class Dispatcher:
    """Gives the library what is to be done."""

    def __init__(self, service: Service, library: Library) -> None:
        self._service = service
        self._library = library

    def begin(self, job: Job) -> None:
        """Put a job in line for the first time; nothing happens when that was done before."""
        self._library.enqueue(job.queue, job.workflow, job.id(0), *job.arguments, priority=job.priority)

    def begin_new(self) -> None:
        """Put in line what requests have asked for since; cheap, to be called often."""
        with self._service.look() as work:
            new = select(BatchRow).where(BatchRow.state == "waiting").order_by(BatchRow.created_at)
            jobs = [
                import_job(row.id, row.options["node"]) for row in work.session.scalars(new.limit(_LOOKED_AT))
            ]
            asked = select(TaskRow.id).where(TaskRow.state == "waiting").order_by(TaskRow.created_at)
            jobs += [task_job(task_id) for task_id in work.session.scalars(asked.limit(_LOOKED_AT))]
        for job in jobs:
            self.begin(job)

    def mend(self) -> int:
        """Find what should be under way and is not, and put it in line again; returns how much that was."""
        with self._service.look() as work:
            living = workers.names(workers.alive(work))
            jobs: list[Job] = []
            active = select(BatchRow.id, BatchRow.state, BatchRow.options).where(
                BatchRow.state.in_(("waiting", *steps.RUNNING))
            )
            over = []
            for batch_id, state, options in work.session.execute(active):
                if state in ("waiting", "importing"):
                    jobs.append(import_job(batch_id, options["node"]))
                waiting = select(BatchChunk.chunk).where(
                    BatchChunk.batch_id == batch_id, BatchChunk.state == "waiting"
                )
                chunks = work.session.scalars(waiting.order_by(BatchChunk.chunk).limit(_LOOKED_AT)).all()
                jobs += [chunk_job(batch_id, chunk) for chunk in chunks]
                if state == "scoring" and not chunks:
                    over.append(batch_id)
            tasks = select(TaskRow.id).where(TaskRow.state.in_(("waiting", "running")))
            jobs += [task_job(task_id) for task_id in work.session.scalars(tasks)]
        for batch_id in over:
            self._finish(batch_id)
        lost = self._lost(jobs, living)
        for job, generation in lost:
            self._library.enqueue(
                job.queue, job.workflow, job.id(generation), *job.arguments, priority=job.priority
            )
            _log.info("job.begun_again" if generation else "job.begun", job=job.name, generation=generation)
        return len(lost)

    def _finish(self, batch_id: str) -> None:
        def finish(work: Work) -> None:
            steps.finish_if_over(work, batch_id)

        settled(self._service, finish)

    def _lost(self, jobs: Sequence[Job], living: Collection[str]) -> list[tuple[Job, int]]:
        """Jobs none of whose workflows waits or runs, each with the number its next workflow gets."""
        lost: list[tuple[Job, int]] = []
        generation = 0
        while jobs:
            known = {
                workflow.id: workflow for workflow in self._library.known([j.id(generation) for j in jobs])
            }
            ended = []
            for job in jobs:
                workflow = known.get(job.id(generation))
                if workflow is None:
                    lost.append((job, generation))
                elif not workflow.live or (workflow.status == "PENDING" and workflow.worker not in living):
                    ended.append(job)
            jobs = ended
            generation += 1
        return lost
