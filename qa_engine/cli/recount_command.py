"""qa-engine recount."""

from __future__ import annotations

from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import now, open_store
from qa_engine.cli.words import stdout, tell
from qa_engine.domain.access import SYSTEM
from qa_engine.services.rollups import recount as count_anew
from qa_engine.services.work import Work

HELP = """
重算每日汇总：改了时区之后用。

从全部质检报告重新算出指标所用的每日汇总。改了时区（QA_ENGINE_TIME_ZONE）之后运行一次；平时不需要。

算的时候服务可以开着，但新的评分要等它算完才能存。

例：qa-engine recount
"""


def recount() -> None:
    """Count the daily sums anew."""
    with open_store(read_settings()) as stored, stored.database.writing() as session:
        work = Work(session, SYSTEM, stored.keyring, now(), stored.settings.zone, address="cli")
        reports = count_anew(work)
    tell(stdout, f"已按 {stored.settings.time_zone} 的日期重算 {reports:,} 份质检报告的汇总。")
