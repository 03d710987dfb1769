"""The one place where any crash of a judge is caught, and turned into a value that is reported."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from qa_engine.domain.finding import DetectorFailure, NotEvaluable

Result = TypeVar("Result")


def guarded(name: str, version: str, judge: Callable[[], Result]) -> Result | DetectorFailure:
    """Run a judge; a crash becomes a DetectorFailure, so that one bug never loses a batch.

    The failure names the error's class and the line of code, never its message: messages of
    foreign libraries may quote customer text.
    """
    try:
        return judge()
    except Exception as error:  # noqa: BLE001 - the boundary at which crashes become values
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
        kind = type(error).__name__
        return DetectorFailure(
            name,
            version,
            kind,
            f"「{name}」运行出错（{kind}，{place}），本项未能判定，请把此信息报告给维护者",
        )


def as_not_evaluable(failure: DetectorFailure) -> NotEvaluable:
    """Say of a failure what every other missing judgement says of itself."""
    return NotEvaluable("detector_failed", failure.reason)
