"""Days, weeks and months as spans of time in one zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month"]


def period_start(moment: datetime, period: Period, zone: ZoneInfo) -> datetime:
    """When the day, week (from Monday) or month of a moment began in this zone."""
    day = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def next_period(start: datetime, period: Period) -> datetime:
    """When the period after the one that began at ``start`` begins."""
    if period == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + timedelta(days=7 if period == "week" else 1)
