"""A trained model's card as a page for people: figures with intervals, calibration, plot, limits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.evaluation_card import HEADS, NAMES, trained_limit
from training.reliability_plot import reliability_svg, reliability_text

PAGE, PLOT = "card.md", "reliability.svg"
_FOLDS = {"source": "按文件留出", "dialogue": "按会话留出"}
_PLOTTED = {"complaint": "complaint 投诉", "review": "review 复核", "resolution": "resolution 解决"}


def write_card_page(card: Mapping[str, Any], folder: Path) -> None:
    """Write ``card.md`` and ``reliability.svg`` beside a model; its ``card.json`` alone vouches for it.

    Args:
        card: the content of a neural model's ``card.json``.
        folder: the model's.
    """
    plots = {_PLOTTED.get(name, name): bins for name, bins in card["reliability"].items()}
    (folder / PLOT).write_text(reliability_svg(plots), encoding="utf-8")
    (folder / PAGE).write_text("\n".join(_lines(card)) + "\n", encoding="utf-8")


def _lines(card: Mapping[str, Any]) -> list[str]:
    encoder, data = card["encoder"], card["data"]
    lines = [
        f"# 模型卡：{card['name']} {card['version']}",
        "",
        f"- 训练数据：{data['dialogues']:,} 通标注会话，sha256 `{data['sha256']}`",
        f"- 编码器：{encoder['base']}（许可 {encoder['licence']}），前 {encoder['layers']} 层，"
        f"词表 {encoder['vocabulary']:,}，sha256 `{encoder['sha256']}`",
        "- 各文件的 sha256 见 card.json",
    ]
    for folds, held_back in card["held_back_by"].items():
        beside = card["baseline_held_back_by"].get(folds, {"figures": {}})["figures"]
        lines += [
            "",
            f"## 留出会话上的指标（{_FOLDS.get(folds, folds)}，{held_back['dialogues']:,} 通，95 % 区间）",
            "",
            "| 指标 | 本模型 | 区间 | 其基线 |",
            "|---|---:|---:|---:|",
        ]
        for name, told in held_back["figures"].items():
            other = f"{beside[name]['value']:.3f}" if name in beside else "–"
            span = f"{told['low']:.3f}–{told['high']:.3f}"
            lines.append(f"| {NAMES.get(name, name)} | {told['value']:.3f} | {span} | {other} |")
        errors = held_back["calibration_error"].items()
        lines += ["", "期望校准误差：" + "，".join(f"{HEADS.get(k, k)} {v:.3f}" for k, v in errors) + "。"]
    lines += ["", "## 说的概率与实际比例", "", f"![可靠性图]({PLOT})"]
    for name, bins in card["reliability"].items():
        lines += ["", f"### {HEADS.get(name, name)}", "", *reliability_text(bins)]
    return [*lines, "", "## 局限", "", *(f"- {trained_limit(told)}" for told in card["limits"])]
