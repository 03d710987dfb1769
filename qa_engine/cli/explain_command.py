"""qa-engine rules explain: why every criterion came out as it did on one call."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from qa_engine.cli import options as o
from qa_engine.cli.calls import find_call, readable
from qa_engine.cli.masking import shown_id
from qa_engine.cli.words import stdout, tell
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.finding import NotEvaluable, Verdict
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.rules import Facts
from qa_engine.rules.explain import VERDICT_NAMES, ExplainNode, explain
from qa_engine.scorecards import LoadedScorecard, load_scorecard
from qa_engine.text.reading import read_transcript
from qa_engine.text.redact import redact
from qa_engine.wiring import load_model

HELP = """
解释评分表：逐个质检项列出条件、范围和命中情况。

不给 --input 时用评分表自带的第一个用例来解释。

例：qa-engine rules explain telecom_hotline --input 通话.jsonl --call 3 --criterion opening_greeting
"""
_STYLES = {Verdict.HIT: "cyan", Verdict.NOT_EVALUABLE: "yellow"}


class NothingToExplain(QAEngineError):
    """There is no such criterion, or no call to explain it on."""


def explain_rules(
    source: o.Source,
    given: Annotated[
        str | None,
        typer.Option("--input", metavar="文件", help="用哪个文件里的会话来解释。", show_default=False),
    ] = None,
    call: Annotated[str, typer.Option("--call", metavar="编号", help="会话编号或第几通。")] = "1",
    criterion: Annotated[
        str | None,
        typer.Option("--criterion", metavar="key", help="只解释这一项。", show_default="全部"),
    ] = None,
    model: o.ModelOption = o.AUTO,
) -> None:
    """Explain the criteria of a scorecard on one call."""
    loaded = load_scorecard(source)
    wanted = [item for item in loaded.scorecard.criteria if criterion in {None, item.key}]
    if not wanted:
        raise NothingToExplain(f"{source} 里没有质检项“{criterion}”。处理办法：用 key 而不是名称，检查拼写。")
    transcript, prediction = _call(loaded, given, call, model)
    facts = Facts(read_transcript(transcript), prediction)
    tell(stdout, f"{loaded.scorecard.name}，以会话 {shown_id(transcript.id, masked=True)} 为例：")
    for item in wanted:
        node = explain(loaded.rules, item.key, facts)
        name = f"{item.name}（{item.key}，{item.points:g} 分{'，一票否决' if item.critical else ''}）"
        tree = Tree(_line(node, name))
        for child in node.children:
            _grow(tree, child)
        stdout.print(tree)


def _call(
    loaded: LoadedScorecard, given: str | None, call: str, model: str
) -> tuple[Transcript, Prediction | NotEvaluable]:
    if given is not None:
        transcript = find_call(readable([given], o.intake_options()), call, given)
        inspector = Inspector(loaded.scorecard, loaded.rules, load_model(model))
        return transcript, inspector.predict([read_transcript(transcript)])[0]
    if not loaded.tests:
        raise NothingToExplain(
            f"{loaded.file} 没有用例可以用来解释。处理办法：用 --input 指定一个会话文件，或先写一个用例。"
        )
    return loaded.tests[0].transcript, loaded.tests[0].prediction


def _line(node: ExplainNode, label: str) -> Text:
    text = Text(label)
    if node.verdict is not None:
        text.append(f"　{VERDICT_NAMES[node.verdict]}", style=_STYLES.get(node.verdict, "dim"))
    if node.detail:
        text.append(f"　{node.detail}", style="dim")
    for quote in node.evidence:
        text.append(f"\n第 {quote.turn + 1} 句 “{redact(quote.quote)}”", style="cyan")
    if node.nearest is not None:
        near = node.nearest
        text.append(
            f"\n最接近：第 {near.turn + 1} 句 “{redact(near.quote)}”（{near.similarity:.2f}）", style="dim"
        )
    return text


def _grow(tree: Tree, node: ExplainNode) -> None:
    branch = tree.add(_line(node, node.label))
    for child in node.children:
        _grow(branch, child)
