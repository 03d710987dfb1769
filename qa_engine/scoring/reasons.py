"""Why a criterion came out as it did, in one Chinese sentence. Turn numbers shown are 1-based."""

from __future__ import annotations

from collections.abc import Iterable

from qa_engine.domain.finding import ConditionResult, LookedAt

_SHOWN = 5


def passed(result: ConditionResult, *, hit: bool) -> str:
    """Say what made it pass: what was found, or that nothing forbidden was found."""
    if hit:
        return f"已做到：{_found(result)}"
    return "检查范围内未发现违规"


def failed(result: ConditionResult, *, hit: bool) -> str:
    """Say what made it fail: the violation found, or what was missing and where it was looked for."""
    if hit:
        return f"发现问题：{_found(result)}"
    text = f"未做到：在{_ranges(result.looked_at)}中没有找到要求的内容"
    if result.nearest is not None:
        near = result.nearest
        text += f"，最接近的是第 {near.turn + 1} 句（相似度 {near.similarity:.2f}）"
    return text


def _found(result: ConditionResult) -> str:
    turns = sorted({quote.turn for finding in result.findings for quote in finding.evidence})
    details = list(dict.fromkeys(finding.detail for finding in result.findings if finding.detail))
    parts: list[str] = []
    if turns:
        parts.append(_numbers(turns))
    parts.extend(details[:_SHOWN])
    return "，".join(parts) if parts else "条件成立"


def _numbers(turns: Iterable[int]) -> str:
    numbers = [str(turn + 1) for turn in turns]
    more = f" 等共 {len(numbers)} 句" if len(numbers) > _SHOWN else " 句"
    return f"第 {'、'.join(numbers[:_SHOWN])}{more}"


def _ranges(looked_at: tuple[LookedAt, ...]) -> str:
    if not looked_at:
        return "整通对话"
    spans = [
        f"第 {span.from_turn + 1} 句"
        if span.from_turn == span.to_turn
        else f"第 {span.from_turn + 1}–{span.to_turn + 1} 句"
        for span in looked_at[:_SHOWN]
    ]
    return "、".join(spans) + ("等处" if len(looked_at) > _SHOWN else "")
