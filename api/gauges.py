"""What is counted in the database at the moment somebody asks for metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select

from qa_engine.services.admission import waiting_records
from qa_engine.services.work import Work
from qa_engine.store.tables import BatchRow, DailyCell, DeliveryRow, ReviewRow, WorkerRow

_TO_DO = ("open", "claimed", "second_open", "second_claimed")


class StoredFigures(Collector):
    """The queues and totals that all processes of an installation share."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def collect(self) -> Iterator[Metric]:
        """Read them."""
        session = self._work.session
        scored, failed = session.execute(
            select(func.coalesce(func.sum(BatchRow.scored), 0), func.coalesce(func.sum(BatchRow.failed), 0))
        ).one()
        records = CounterMetricFamily(
            "qa_engine_batch_records", "Records of batches by outcome", labels=("outcome",)
        )
        records.add_metric(("scored",), float(scored))
        records.add_metric(("failed",), float(failed))
        yield records
        yield _gauge("qa_engine_queue_records", "Records waiting to be scored", waiting_records(self._work))
        yield _gauge(
            "qa_engine_reports_current",
            "Current reports",
            session.scalar(select(func.coalesce(func.sum(DailyCell.calls), 0))) or 0,
        )
        batches = select(BatchRow.state, func.count()).group_by(BatchRow.state)
        yield _by_state("qa_engine_batches", "Batches by state", _counted(self._work, batches))
        waiting = select(ReviewRow.state, func.count()).where(ReviewRow.state.in_(_TO_DO))
        reviews = dict.fromkeys(_TO_DO, 0)
        reviews |= _counted(self._work, waiting.group_by(ReviewRow.state))
        yield _by_state("qa_engine_reviews_waiting", "Reviews not finished, by state", reviews)
        undelivered = select(DeliveryRow.state, func.count()).where(
            DeliveryRow.state.in_(("pending", "dead"))
        )
        deliveries = {"pending": 0, "dead": 0}
        deliveries |= _counted(self._work, undelivered.group_by(DeliveryRow.state))
        yield _by_state("qa_engine_webhook_deliveries", "Deliveries not made, by state", deliveries)
        seen = session.scalar(select(func.max(WorkerRow.seen_at)))
        if seen is not None:
            age = (self._work.now - seen).total_seconds()
            yield _gauge("qa_engine_worker_silent_seconds", "Seconds since any worker was last seen", age)


def _gauge(name: str, told: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, told)
    gauge.add_metric((), float(value))
    return gauge


def _by_state(name: str, told: str, counts: dict[str, int]) -> Metric:
    gauge = GaugeMetricFamily(name, told, labels=("state",))
    for state, n in sorted(counts.items()):
        gauge.add_metric((state,), float(n))
    return gauge


def _counted(work: Work, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in work.session.execute(query)}
