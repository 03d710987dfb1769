"""A model card in Markdown and the same as JSON: what was measured, on what, and what it does not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.evaluation import FEWEST, Difference, Measured, Value
from training.reliability_plot import reliability_text

SCHEMA = "evaluation/1"
TITLE = "# 模型卡"
NAMES: Mapping[str, str] = {
    "emotion_negative_turn_f1": "情绪：负面句 F1",
    "emotion_angry_turn_f1": "情绪：愤怒句 F1",
    "emotion_weighted_kappa": "情绪：加权 κ",
    "drop_event_f1_within_4_turns": "情绪突变 F1（±4 句）",
    "customer_acts_micro_f1": "客户行为 F1",
    "agent_acts_micro_f1": "坐席行为 F1",
    "agent_fault_turn_f1": "坐席失误句 F1",
    "attitude_weighted_kappa": "服务态度：加权 κ",
    "resolution_macro_f1": "问题解决：宏 F1",
    "satisfaction_mae": "满意度：平均误差（越小越好）",
    "complaint_f1": "投诉 F1",
    "complaint_average_precision": "投诉：平均精确率",
    "types_micro_f1": "来电类型：微 F1",
    "review_f1": "复核 F1",
    "review_average_precision": "复核：平均精确率",
}
HEADS: Mapping[str, str] = {
    "emotion_negative": "情绪为负",
    "customer_acts": "客户行为",
    "agent_acts": "坐席行为",
    "faults": "坐席失误",
    "resolution": "问题解决",
    "complaint": "投诉",
    "review": "复核",
    "types": "来电类型",
}
VERDICTS: Mapping[str, str] = {"better": "更好", "worse": "更差", "chance": "可能只是偶然"}
LIMITS = (
    "只比较标注过的内容；没有标注的既不算对也不算错。",
    "区间是按会话重抽样得到的 95 % 区间；标注本身的偏差不在其中。",
    f"有标注的会话不到 {FEWEST} 通的指标，区间不可靠，一律不下“更好”“更差”的结论。",
    "一次比较许多指标时，总会有个别指标碰巧越过界线；下结论请看事先关心的那几项。",
    "“复核”一栏是模型自己的判断；质检报告里的复核还参考规则与评分结果。",
)
# What training writes into a card, in the words of the people who read this one.
_TRAINED_LIMITS: Mapping[str, str] = {
    "trained on invented transcripts; figures on real traffic are lower": (
        "训练语料是编写的会话，真实会话上的指标会更低"
    ),
    "reads the whole conversation before it judges a turn: not for verdicts that must stand at once": (
        "读完整通会话才判断每一句，不适合要当场定论的场合"
    ),
    "time gaps between turns are not used: the training transcripts carry no times": (
        "不使用句间的时间间隔：训练语料没有时间"
    ),
    "rude, impatient, privacy_breach, misinform, over_promise and risk_undisclosed are rare in training": (
        "粗鲁、不耐烦、泄露隐私、误导、过度承诺、未提示风险在训练语料中很少"
    ),
    "the encoder's layers are used as they were pretrained; only the dialogue model is trained": (
        "编码器保持预训练时的样子，只训练了对话模型"
    ),
    "calibration and thresholds were fitted on the same held-back dialogues the figures are told for": (
        "训练时的校准和阈值，与训练时报告的指标用的是同一批留出会话"
    ),
    "turns of other roles than agent and customer are ignored": "坐席和客户以外的轮次不参与判断",
}


@dataclass(frozen=True)
class Measuring:
    """What was measured on: names of the files, dialogues, sha256 of the labels as read, resamplings."""

    files: tuple[str, ...]
    dialogues: int
    sha256: str
    rounds: int


def trained_limit(told: str) -> str:
    """A limit training wrote into a card, in Chinese; one not known here as it stands."""
    return _TRAINED_LIMITS.get(told, told)


def order(names: Sequence[str]) -> list[str]:
    """Names of figures as they are shown."""
    return [name for name in NAMES if name in names]


def shown(value: Value) -> str:
    """A figure with its interval."""
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def shown_difference(value: Difference) -> str:
    """A difference with its interval."""
    return f"{value.value:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"


def to_json(
    measuring: Measuring, models: Sequence[Measured], difference: Mapping[str, Difference]
) -> dict[str, Any]:
    """Everything that was measured."""
    return {
        "schema": SCHEMA,
        "data": asdict(measuring),
        "models": [
            {
                "name": one.name,
                "version": one.version,
                "digest": one.digest,
                "figures": {name: asdict(one.figures[name]) for name in order(list(one.figures))},
                "calibration_error": dict(one.calibration_error),
                "reliability": dict(one.reliability),
                "unjudged": one.unjudged,
            }
            for one in models
        ],
        "difference": {name: asdict(difference[name]) for name in order(list(difference))},
    }


def to_markdown(
    measuring: Measuring,
    models: Sequence[Measured],
    difference: Mapping[str, Difference],
    card: Mapping[str, Any],
    picture: str,
) -> str:
    """The card of the last of ``models``, the others beside it.

    Args:
        measuring: what was measured on.
        models: measured.
        difference: the last less the one before it; empty with one model.
        card: what training wrote about the last.
        picture: file name of its reliability plot.
    """
    model = models[-1]
    lines = [f"{TITLE}：{model.name} {model.version}", ""]
    lines += [f"- 摘要（sha256）：`{model.digest}`", *_trained(card)]
    lines += [
        f"- 评测数据：{'、'.join(measuring.files)}，{measuring.dialogues:,} 通，"
        f"标注的 sha256 `{measuring.sha256}`",
        f"- 区间：按会话重抽样 {measuring.rounds:,} 次，95 %",
        "",
        "## 指标",
        "",
        *_figures(models, difference),
        "",
        "## 概率是否可信",
        "",
        "校准误差：模型说的概率与实际比例平均差多少，越小越好。",
        "",
        "| 内容 | " + " | ".join(f"{one.name} `{one.digest[:12]}`" for one in models) + " |",
        "|---|" + "---:|" * len(models),
    ]
    for head, name in HEADS.items():
        if head in model.calibration_error:
            cells = [f"{one.calibration_error[head]:.3f}" for one in models]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"![模型说的概率与实际比例]({picture})", ""]
    for head, bins in model.reliability.items():
        lines += [f"### {HEADS[head]}", "", *reliability_text(bins), ""]
    lines += ["## 局限", ""]
    lines += [f"- {limit}" for limit in LIMITS]
    if model.unjudged:
        lines.append(
            f"- 引擎有 {model.unjudged:,} 处没有判定（例如只有一方说话的会话），情绪突变按没有找到计。"
        )
    lines += [f"- {trained_limit(limit)}。" for limit in card.get("limits", ())]
    return "\n".join(lines) + "\n"


def _figures(models: Sequence[Measured], difference: Mapping[str, Difference]) -> list[str]:
    heads = ["指标", "通数", *(f"{one.name} `{one.digest[:12]}`" for one in models)]
    if difference:
        heads += ["差（后者减前者）", "判断"]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    for name in order(list(models[-1].figures)):
        figures = [one.figures[name] for one in models]
        cells = [NAMES[name], f"{figures[-1].dialogues:,}", *(shown(figure) for figure in figures)]
        if difference:
            cells += [shown_difference(difference[name]), VERDICTS[difference[name].verdict]]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _trained(card: Mapping[str, Any]) -> list[str]:
    data, encoder = card.get("data", {}), card.get("encoder")
    lines = []
    if data:
        lines.append(f"- 训练数据：{data.get('dialogues', 0):,} 通，sha256 `{data.get('sha256', '')}`")
    if own := data.get("own"):
        where = "标得够多的内容只用它们校准" if own["calibrated_on_own"] else "与语料合并校准"
        lines.append(f"- 自己的标注：{own['dialogues']:,} 通（{where}），sha256 `{own['sha256']}`")
    if encoder:
        lines.append(f"- 预训练编码器：{encoder['base']}，许可 {encoder['licence']}")
    lines.append("- 随项目附带的训练语料 data/corpus 为自编，许可 Apache-2.0；自己的数据按各自的约定使用")
    return lines
