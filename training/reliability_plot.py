"""Reliability as a picture (SVG, no library) and as lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Bins = Sequence[Mapping[str, Any]]
_SIDE, _EDGE = 220, 34


def reliability_text(bins: Bins) -> list[str]:
    """A Markdown table: how sure, how often right, how many cases, and the gap as a bar."""
    lines = ["| 模型说的概率 | 实际比例 | 条数 | 偏差 |", "|---:|---:|---:|:---|"]
    for one in bins:
        gap = one["seen"] - one["said"]
        bar = ("▲" if gap > 0 else "▼") * min(10, round(abs(gap) * 20))
        lines.append(f"| {one['said']:.2f} | {one['seen']:.2f} | {one['cases']:,} | {bar} {gap:+.2f} |")
    return lines


def reliability_svg(plots: Mapping[str, Bins]) -> str:
    """One square a head: probability said to the right, share seen upwards, dots as large as their bins."""
    width = len(plots) * (_SIDE + _EDGE) + _EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_SIDE + 2 * _EDGE}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, (title, bins) in enumerate(plots.items()):
        left, top = _EDGE + number * (_SIDE + _EDGE), _EDGE
        parts.append(f'<text x="{left}" y="{top - 10}">{title}</text>')
        parts.append(
            f'<rect x="{left}" y="{top}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>'
        )
        parts.append(
            f'<line x1="{left}" y1="{top + _SIDE}" x2="{left + _SIDE}" y2="{top}" stroke="#bbb" '
            'stroke-dasharray="4 4"/>'
        )
        most = max((one["cases"] for one in bins), default=1)
        spots = [(left + one["said"] * _SIDE, top + (1 - one["seen"]) * _SIDE, one["cases"]) for one in bins]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="#1668dc"/>')
        for x, y, cases in spots:
            radius = 2 + 5 * (cases / most) ** 0.5
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#1668dc" opacity="0.7"/>')
        for share in (0, 0.5, 1):
            parts.append(
                f'<text x="{left + share * _SIDE:.0f}" y="{top + _SIDE + 16}" text-anchor="middle" '
                f'fill="#666">{share:g}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"
