"""qa-engine rules schema."""

from __future__ import annotations

import json

import typer

from qa_engine.scorecards.file import ScorecardFile

HELP = "输出评分表文件的 JSON Schema，供编辑器校验。\n\n例：qa-engine rules schema > scorecard.schema.json"


def schema() -> None:
    """Print the JSON schema of scorecard files."""
    typer.echo(json.dumps(ScorecardFile.model_json_schema(), ensure_ascii=False, indent=2))
