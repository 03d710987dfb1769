"""How far a run is: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from qa_engine.batch.run import RunProgress
from qa_engine.cli.words import tell

# A log should say that something moves, not scroll away.
_LINE_EVERY_S = 10.0


class ProgressView:
    """Shows a run whose inputs have ``total`` bytes (0: unknown, e.g. standard input)."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._started = self._told = time.monotonic()
        self._last: RunProgress | None = None
        self._bar = (
            Progress(
                TextColumn("评分"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[told]}"),
                TextColumn("剩余"),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=console,
            )
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total or None, told="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            if kind is None:
                self._bar.update(self._task, completed=self._total or 1, total=self._total or 1)
            self._bar.stop()

    def show(self, progress: RunProgress) -> None:
        """Show the newest state."""
        self._last = progress
        told = self._words(progress)
        if self._bar is not None:
            self._bar.update(self._task, completed=progress.bytes_read, told=told)
        elif time.monotonic() - self._told >= _LINE_EVERY_S:
            self._told = time.monotonic()
            tell(self._console, f"评分中：{self._share(progress)}{told}{self._left(progress)}")

    def _rate(self, progress: RunProgress) -> float:
        return (progress.done - progress.resumed) / max(1e-3, time.monotonic() - self._started)

    def _words(self, progress: RunProgress) -> str:
        failed = f"，{progress.failed:,} 条没有评成" if progress.failed else ""
        return f"{progress.done:,} 通{failed}，{self._rate(progress):.1f} 通/秒"

    def _share(self, progress: RunProgress) -> str:
        return f"{progress.bytes_read / self._total:.0%}，" if self._total else ""

    def _left(self, progress: RunProgress) -> str:
        if not self._total or not progress.bytes_read:
            return ""
        elapsed = time.monotonic() - self._started
        left = elapsed * max(0, self._total - progress.bytes_read) / progress.bytes_read
        return f"，预计还要 {int(left // 60)} 分 {int(left % 60)} 秒"
