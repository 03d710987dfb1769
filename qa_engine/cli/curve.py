"""The emotion curve, drawn: as an SVG path for pages, as block characters for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_engine.batch.labels import EMOTIONS
from qa_engine.domain.report import EmotionPoint

WIDTH, HEIGHT, PAD_X, PAD_Y = 640, 150, 30, 14
# From here down a customer is displeased; drawn as the reference line.
ALARM = 60.0
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Dot:
    """One customer turn on the drawing, in SVG units."""

    x: float
    y: float
    turn: int
    emotion: int
    emotion_name: str
    index: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole curve in SVG units."""

    dots: tuple[Dot, ...]
    path: str
    area: str
    alarm_y: float
    width: int = WIDTH
    height: int = HEIGHT

    def x_of(self, turn: int) -> float:
        """Where a customer turn stands on the drawing."""
        return next((dot.x for dot in self.dots if dot.turn == turn), 0.0)


def draw(curve: Sequence[EmotionPoint], turn_count: int) -> Drawing | None:
    """Draw the curve over the turns of the call; None when there is no point."""
    if not curve:
        return None
    span = max(1, turn_count - 1)
    dots = tuple(
        Dot(
            round(PAD_X + (WIDTH - 2 * PAD_X) * point.turn / span, 1),
            _y(point.index),
            point.turn,
            point.emotion,
            EMOTIONS[point.emotion],
            point.index,
        )
        for point in curve
    )
    path = "M" + " L".join(f"{dot.x} {dot.y}" for dot in dots)
    floor = HEIGHT - PAD_Y
    area = f"{path} L{dots[-1].x} {floor} L{dots[0].x} {floor} Z"
    return Drawing(dots, path, area, _y(ALARM))


def sparkline(curve: Sequence[EmotionPoint]) -> str:
    """One block character a customer turn, higher is better."""
    return "".join(_BLOCKS[min(7, int(point.index / 100 * 8))] for point in curve)


def _y(index: float) -> float:
    return round(PAD_Y + (HEIGHT - 2 * PAD_Y) * (1 - index / 100), 1)
