"""All tables, one noun a file."""

from qa_engine.store.tables.base import Table
from qa_engine.store.tables.batches import BatchChunk, BatchRecord, BatchRow
from qa_engine.store.tables.jobs import TaskRow, WorkerRow
from qa_engine.store.tables.records import (
    AuditRow,
    ChainHead,
    ChainRow,
    DeliveryRow,
    IdempotencyRow,
    WebhookRow,
)
from qa_engine.store.tables.reports import DailyCell, DailyCount, ReportMark, ReportRow, SpanCount
from qa_engine.store.tables.reviews import (
    AppealRow,
    CalibrationMark,
    CalibrationRow,
    DecisionRow,
    ReviewRow,
    SampleRow,
    SamplingPlanRow,
)
from qa_engine.store.tables.samples import SampleDrawRow
from qa_engine.store.tables.scorecards import BusinessLineRow, ScorecardRow
from qa_engine.store.tables.staff import ApiKeyRow, SessionRow, UserRow
from qa_engine.store.tables.transcripts import TranscriptRow

__all__ = [
    "ApiKeyRow", "AppealRow", "AuditRow", "BatchChunk", "BatchRecord", "BatchRow", "BusinessLineRow",
    "CalibrationMark", "CalibrationRow", "ChainHead", "ChainRow", "DailyCell", "DailyCount",
    "DecisionRow", "DeliveryRow", "IdempotencyRow", "ReportMark", "ReportRow", "ReviewRow",
    "SampleDrawRow", "SampleRow", "SamplingPlanRow", "ScorecardRow", "SessionRow", "SpanCount", "Table",
    "TaskRow", "TranscriptRow", "UserRow", "WebhookRow", "WorkerRow",
]  # fmt: skip
