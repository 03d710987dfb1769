"""Runs of digits as people write and say them: grouped, spaced, interrupted by fillers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FILLER = r"(?:嗯|呃|额|啊|哦|噢|哎|那个|然后(?:是|呢)?|后面(?:是|呢)?|接着(?:是)?|再(?:是)?|是|对)"
_GAP = rf"(?:[ \t\-·.,、)]{{1,2}}|[ ,]{{0,2}}{_FILLER}{{1,3}}[ ,]{{0,2}})"
# "三个8" (spoken for 888) counts as three digits.
_UNIT = r"(?:[2-6]个[0-9](?![0-9个])|[0-9])"
_RUN = re.compile(rf"{_UNIT}+(?:{_GAP}{_UNIT}+)*")
_GROUP = re.compile(rf"{_UNIT}+")
_ONE = re.compile(r"(?P<times>[2-6])个(?P<what>[0-9])(?![0-9个])|(?P<digit>[0-9])")


@dataclass(frozen=True, slots=True)
class Group:
    """Digits written without a gap. ``spoken``: at least one was a Chinese digit."""

    digits: str
    start: int
    end: int
    spoken: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive groups of one run, read as one number."""

    groups: tuple[Group, ...]
    gaps: tuple[str, ...]

    @property
    def digits(self) -> str:
        """All digits together."""
        return "".join(group.digits for group in self.groups)

    @property
    def start(self) -> int:
        """Offset of the first digit."""
        return self.groups[0].start

    @property
    def end(self) -> int:
        """Offset after the last digit."""
        return self.groups[-1].end

    @property
    def sizes(self) -> tuple[int, ...]:
        """Digits per group."""
        return tuple(len(group.digits) for group in self.groups)

    @property
    def spoken(self) -> bool:
        """True when Chinese digits take part."""
        return any(group.spoken for group in self.groups)

    def plausible(self, shapes: frozenset[tuple[int, ...]]) -> bool:
        """Whether a person would group one number like this.

        Written digits: in one piece, one of ``shapes``, or every digit by itself. Said digits:
        any grouping except lists (一，二，三) and long ladders of scraps.
        """
        sizes = self.sizes
        if len(sizes) == 1:
            return True
        if set(sizes) == {1}:
            return all(gap.isspace() for gap in self.gaps)
        if any("、" in gap or ("." in gap and not self.spoken) for gap in self.gaps):
            return sizes in shapes
        if self.spoken:
            return sum(sizes) >= 1.7 * len(sizes)
        return sizes in shapes and all("," not in gap for gap in self.gaps)

    def part(self, first: int, last: int) -> Window:
        """The window of groups ``first`` to ``last`` inclusive."""
        return Window(self.groups[first : last + 1], self.gaps[first:last])


def digit_runs(digits: str, plain: str, at_least: int) -> list[Window]:
    """All maximal runs with at least so many digits. ``plain`` tells spoken from written."""
    runs: list[Window] = []
    for match in _RUN.finditer(digits):
        if match.end() - match.start() < min(at_least, 3):
            continue
        groups: list[Group] = []
        gaps: list[str] = []
        for group in _GROUP.finditer(digits, match.start(), match.end()):
            if groups:
                gaps.append(digits[groups[-1].end : group.start()])
            said = not plain[group.start() : group.end()].isascii()
            groups.append(Group(_expand(group.group()), group.start(), group.end(), said))
        run = Window(tuple(groups), tuple(gaps))
        if len(run.digits) >= at_least:
            runs.append(run)
    return runs


def _expand(written: str) -> str:
    if "个" not in written:
        return written
    return "".join(one["digit"] or one["what"] * int(one["times"]) for one in _ONE.finditer(written))
