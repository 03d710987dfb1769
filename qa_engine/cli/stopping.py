"""Being stopped from outside: Ctrl-C (130) and SIGTERM (143) both end a run in an orderly way."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_WORDS = {signal.SIGINT: "已中断。", signal.SIGTERM: "收到终止信号，已停止。"}


class Stopping:
    """Which signal asked us to stop; None as long as none did."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def code(self) -> int:
        """The exit code of a stopped run."""
        return 128 + (self.signal or signal.SIGINT)

    @property
    def words(self) -> str:
        """What to say at the end."""
        return _WORDS[self.signal or signal.SIGINT]

    def at_once(self, number: int, _frame: FrameType | None) -> None:
        """End while modules are still loading: an exception would come out of their insides."""
        told = _WORDS[signal.Signals(number)]
        sys.stderr.buffer.write(f"{told}尚未开始，没有写任何文件。\n".encode())
        sys.stderr.flush()
        os._exit(128 + number)

    def in_order(self, number: int, _frame: FrameType | None) -> None:
        """Unwind, so that ledgers are closed and worker processes end."""
        self.signal = signal.Signals(number)
        raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stopping]:
    """Take over both signals; ``Stopping.at_once`` answers until ``listen`` is called."""
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = [signal.signal(number, stopping.at_once) for number in _SIGNALS]
    try:
        yield stopping
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)


def listen(stopping: Stopping) -> None:
    """From now on unwind instead of ending at once."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, stopping.in_order)
