"""qa-engine redact."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import orjson
import typer

from qa_engine.batch.assemble import replacing
from qa_engine.batch.errors import OutputExists
from qa_engine.batch.job import check_apart
from qa_engine.batch.places import check_place
from qa_engine.batch.record import Failure
from qa_engine.batch.tally import RunTally
from qa_engine.cli import options as o
from qa_engine.cli.summary import tell_summary
from qa_engine.cli.transcript_json import transcript_to_json
from qa_engine.cli.words import stderr, tell
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_inputs
from qa_engine.text.redact import redact_transcript

HELP = """
遮盖敏感信息，写成 JSONL。

手机号、证件号、姓名、地址等会换成 [手机号] 这样的标记。

例：qa-engine redact 通话/*.json --out 已遮盖.jsonl
"""


def redact(
    inputs: o.Inputs,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="文件", help="JSONL 文件，或 - 。", show_default=False)
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="文件已存在也重写。")] = False,
    channel: o.ChannelOption = None,
    agent_channel: o.AgentChannelOption = None,
    column: o.ColumnOption = None,
    encoding: o.EncodingOption = None,
    time_unit: o.TimeUnitOption = None,
) -> None:
    """Write the inputs as JSON lines with personal data masked."""
    reading = o.intake_options(channel, agent_channel, column, encoding, time_unit)
    if out != "-":
        check_place(Path(out), "--out")
        check_apart(inputs, {"--out": Path(out)})
        if Path(out).exists() and not overwrite:
            raise OutputExists(Path(out))
    tally, written = RunTally(), 0
    with nullcontext(sys.stdout.buffer) if out == "-" else replacing(Path(out)) as file:
        for item in read_inputs(inputs, reading):
            if isinstance(item, Transcript):
                file.write(orjson.dumps(transcript_to_json(redact_transcript(item))) + b"\n")
                written += 1
            else:
                tally.add_failure(Failure.of_intake(item))
    tell(stderr, f"已遮盖 {written:,} 通。")
    tell_summary(stderr, tally, [])
    raise typer.Exit(1 if tally.failed else 0)
