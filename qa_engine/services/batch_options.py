"""How a batch is to be read, as it is stored with the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from qa_engine.domain.transcript import Channel
from qa_engine.intake.options import IntakeOptions


def intake_options(said: Mapping[str, Any]) -> IntakeOptions:
    """Build intake options from the JSON values of a batch.

    Raises:
        ConfigError: they name a column that is none of ours.
    """
    known = {field.name for field in fields(IntakeOptions)}
    values = {name: value for name, value in said.items() if name in known and value is not None}
    if "default_channel" in values:
        values["default_channel"] = Channel(values["default_channel"])
    return IntakeOptions(**values)
