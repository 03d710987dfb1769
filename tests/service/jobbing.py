"""Doing in this process what worker processes do, one piece after another."""

from __future__ import annotations

from sqlalchemy import select

from qa_engine.jobs.importing import Importer
from qa_engine.jobs.scoring import score_chunk
from qa_engine.service import Service
from qa_engine.store.tables import BatchRow


def read_in(service: Service, batch_id: str) -> list[int]:
    """Read a batch in; the chunks to score."""
    chunks: list[int] = []
    Importer(service, lambda _batch_id, chunk: chunks.append(chunk)).run(batch_id)
    return chunks


def work_off(service: Service, batch_id: str) -> BatchRow:
    """Read a batch in and score all of it."""
    for chunk in read_in(service, batch_id):
        score_chunk(service, batch_id, chunk)
    return batch_of(service, batch_id)


def batch_of(service: Service, batch_id: str) -> BatchRow:
    with service.look() as work:
        return work.session.scalars(select(BatchRow).where(BatchRow.id == batch_id)).one()
