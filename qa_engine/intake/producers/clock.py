"""Wall-clock times of producers: what became of them is an ISO 8601 text, or ms since the call began."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from qa_engine.intake.base import FieldProblem

# Epoch times of Chinese producers are shown in China's one time zone.
CHINA = timezone(timedelta(hours=8))
_EARLIEST_YEAR = 1970
_EARLIEST_EPOCH_MS = 946_684_800_000  # 2000-01-01
_LATEST_EPOCH_MS = 4_102_444_800_000  # 2100-01-01


def read_moment(text: str, path: str) -> datetime:
    """Read ``2019-11-25 15:37:16`` or any ISO 8601 form.

    Raises:
        FieldProblem: not a date and time since 1970.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    # Some systems write "no time" as the first day of year 1.
    if moment is None or moment.year < _EARLIEST_YEAR:
        raise FieldProblem(path, "不是日期时间", "写成 2024-01-31 09:30:00 或 ISO 8601 形式", "bad_time")
    return moment


def ms_between(earlier: datetime, later: datetime, path: str) -> int:
    """Return whole ms from ``earlier`` to ``later``.

    Raises:
        FieldProblem: only one of the two names a time zone, or ``later`` is the earlier one.
    """
    if (earlier.tzinfo is None) != (later.tzinfo is None):
        raise FieldProblem(path, "有的时间带时区，有的不带", "统一时间的写法", "bad_time")
    elapsed = round((later - earlier) / timedelta(milliseconds=1))
    if elapsed < 0:
        raise FieldProblem(path, "时间早于通话的第一条记录", "按时间先后排列记录", "bad_time")
    return elapsed


def checked_epoch_ms(value: float, path: str) -> int:
    """Return an epoch time in ms.

    Raises:
        FieldProblem: outside 2000–2100, so not ms since 1970.
    """
    if not _EARLIEST_EPOCH_MS <= value <= _LATEST_EPOCH_MS:
        raise FieldProblem(path, "不是毫秒级的时间戳", "应为 1970 年以来的毫秒数，请检查时间单位", "bad_time")
    return round(value)


def epoch_text(epoch_ms: int) -> str:
    """Write an epoch time as ISO 8601 in China's time zone."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, CHINA)
    return moment.isoformat(timespec="milliseconds" if epoch_ms % 1000 else "seconds")
