"""What a user may tell the intake beyond the files themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa_engine.domain.errors import ConfigError
from qa_engine.domain.transcript import Channel
from qa_engine.intake.fields import TimeUnit
from qa_engine.intake.headers import SYNONYMS


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """How to read.

    Raises:
        ConfigError: ``columns`` names a column that is none of ours.

    Attributes:
        time_unit: unit of bare numbers in time columns of tables; None = header name, else detected.
        agent_channel: channel or speaker label on which the agent speaks, e.g. ``"0"``.
        columns: our column name → header in the user's table, e.g. ``{"text": "对话明细"}``; see
            ``headers.SYNONYMS`` for our names.
        encoding: a Python codec name; None = detected per file.
        default_channel: the channel of calls whose file does not tell.
        max_line_bytes: longest line, and longest JSON value, that is read into memory.
        sheet: name of the worksheet to read; None = every sheet that has a header we know.
    """

    time_unit: TimeUnit | None = None
    agent_channel: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    default_channel: Channel = Channel.UNKNOWN
    max_line_bytes: int = 64 * 1024 * 1024
    sheet: str | None = None

    def __post_init__(self) -> None:
        for ours, theirs in self.columns.items():
            if ours not in SYNONYMS:
                why = f"没有名为“{ours}”的列，表头“{theirs}”无法对应"
                remedy = f"等号右边写成 {'、'.join(SYNONYMS)} 之一，例如 --column 对话明细=text"
                raise ConfigError("--column", why, remedy, key=ours)
