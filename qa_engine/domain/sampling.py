"""抽检方案: what a sampling plan draws from and how; ``drawing.py`` does the drawing.

Four designs:

* ``rule``: calls that meet conditions, all of them or a random few; what they show holds for such calls.
* ``percent``: every call with one probability.
* ``stratified``: every call with the probability of the first stratum it fits, or of the rest. With the
  flagged calls at 1 and the rest at a few percent, all flagged calls and a random stratum of the others
  are looked at.
* ``quota``: so many calls of every agent, team or skill group, each call of a group equally likely.

In the last three every call of the scope can be drawn, with a probability that is known: only that makes
estimates about all calls possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from qa_engine.domain.periods import Period
from qa_engine.domain.refusal import Invalid

Kind = Literal["rule", "percent", "stratified", "quota"]
Grouping = Literal["agent", "team", "skill_group"]

MAX_STRATA = 20
REST = "其余"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of a report; everything given at once. Empty = no condition.

    Attributes:
        teams … resolutions: any of these values.
        needs_review, critical_failure, is_complaint, passed: this value (``passed`` as it stands when drawn).
        failed, not_evaluated: criteria with this machine outcome, all of them.
        complaint_types, faults, causes: all of them.
        attributes: (key, value) of 随路数据, all of them.
        sunk_to: -1 or -2, the customer's emotion reached that level or a lower one.
        emotion_index_below, percent_from, percent_to: 0–100.
    """

    teams: tuple[str, ...] = ()
    skill_groups: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    needs_review: bool | None = None
    passed: bool | None = None
    critical_failure: bool | None = None
    is_complaint: bool | None = None
    failed: tuple[str, ...] = ()
    not_evaluated: tuple[str, ...] = ()
    complaint_types: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    sunk_to: int | None = None
    emotion_index_below: float | None = None
    percent_from: float | None = None
    percent_to: float | None = None

    @property
    def empty(self) -> bool:
        """True when every call meets them."""
        return self == Conditions()


@dataclass(frozen=True, slots=True)
class RuleDesign:
    """Calls that meet ``where``; at most ``limit`` of them a draw, chosen at random (None = all)."""

    where: Conditions
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.where.empty:
            raise Invalid(
                "按规则抽检至少要有一个条件；想抽全部会话请用按比例抽检。",
                "A rule needs at least one condition; to draw from all calls use kind percent.",
                "where",
            )
        if self.limit is not None:
            _positive(self.limit, "limit")


@dataclass(frozen=True, slots=True)
class PercentDesign:
    """Every call with probability ``rate`` (over 0, at most 1)."""

    rate: float

    def __post_init__(self) -> None:
        _probability(self.rate, "rate")


@dataclass(frozen=True, slots=True)
class StratumRule:
    """Calls that meet ``where`` are drawn with probability ``rate``."""

    name: str
    where: Conditions
    rate: float


@dataclass(frozen=True, slots=True)
class StratifiedDesign:
    """The first stratum that fits a call decides; calls that fit none are drawn with ``rest_rate``."""

    strata: tuple[StratumRule, ...]
    rest_rate: float

    def __post_init__(self) -> None:
        if not 1 <= len(self.strata) <= MAX_STRATA:
            raise Invalid(
                f"分层抽检要有 1 到 {MAX_STRATA} 层。",
                f"Between 1 and {MAX_STRATA} strata are needed.",
                "strata",
            )
        names = {stratum.name for stratum in self.strata} | {REST}
        if len(names) <= len(self.strata):
            raise Invalid(
                f"各层的名称不能重复，也不能叫“{REST}”。",
                f"Names of strata must differ, and none may be “{REST}”.",
                "strata",
            )
        for place, stratum in enumerate(self.strata):
            _probability(stratum.rate, f"strata[{place}].rate")
        # At 0 nothing would ever be known of these calls, and no estimate would hold for all.
        _probability(self.rest_rate, "rest_rate")


@dataclass(frozen=True, slots=True)
class QuotaDesign:
    """``size`` calls of every agent, team or skill group a draw, or all where there are fewer."""

    by: Grouping
    size: int

    def __post_init__(self) -> None:
        if self.by not in get_args(Grouping):
            raise Invalid(
                "分组只能是 agent、team、skill_group。", "Group by agent, team or skill_group.", "by"
            )
        _positive(self.size, "size")


Design = RuleDesign | PercentDesign | StratifiedDesign | QuotaDesign
_KINDS: Mapping[type[Any], Kind] = {
    RuleDesign: "rule",
    PercentDesign: "percent",
    StratifiedDesign: "stratified",
    QuotaDesign: "quota",
}


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """A plan: of which calls, how, how often, how urgent.

    Attributes:
        scorecard_key: reports by this scorecard (any revision).
        teams: only calls of these teams; empty = all.
        every: drawn by itself for each past day, week (from Monday) or month; None = only when told to.
        wait_days: how long after its end a period is drawn by itself, so that late imports are in it.
        priority: of the reviews it opens, 0–1.
    """

    scorecard_key: str
    design: Design
    teams: tuple[str, ...] = ()
    every: Period | None = None
    wait_days: int = 1
    priority: float = 0.5

    @property
    def kind(self) -> Kind:
        """Which design it is."""
        return _KINDS[type(self.design)]

    @property
    def about(self) -> Literal["all", "matching"]:
        """What its estimates speak of: all calls of its scope, or only those that meet its rule."""
        return "matching" if isinstance(self.design, RuleDesign) else "all"


def settings_to_json(settings: PlanSettings) -> dict[str, Any]:
    """Write settings as JSON values (the kind is kept beside them)."""
    return asdict(settings)


def settings_from_json(kind: str, stored: Mapping[str, Any]) -> PlanSettings:
    """Read what ``settings_to_json`` wrote.

    Raises:
        Invalid: the kind or a field is unknown or missing, or a value cannot be.
    """
    design = dict(stored.get("design") or {})
    try:
        if kind == "rule":
            design["where"] = _conditions(design["where"])
        if kind == "stratified":
            strata = tuple(
                StratumRule(**{**stratum, "where": _conditions(stratum["where"])})
                for stratum in design["strata"]
            )
            design["strata"] = strata
        types: dict[str, type[Any]] = {name: made for made, name in _KINDS.items()}
        rest = {key: value for key, value in stored.items() if key != "design"}
        rest["teams"] = tuple(rest.get("teams", ()))
        return PlanSettings(design=types[kind](**design), **rest)
    except (KeyError, TypeError, ValueError):
        raise Invalid(
            "抽检方案的设置读不出来。", "The settings of the sampling plan cannot be read.", "settings"
        ) from None


def _conditions(stored: Mapping[str, Any]) -> Conditions:
    listed = {field.name for field in fields(Conditions) if field.default == ()}
    values: dict[str, Any] = {key: tuple(value) if key in listed else value for key, value in stored.items()}
    if "attributes" in values:
        values["attributes"] = tuple((key, value) for key, value in values["attributes"])
    return Conditions(**values)


def _probability(value: float, field: str) -> None:
    if not 0.0 < value <= 1.0:
        raise Invalid("抽取概率必须大于 0、不超过 1。", "A probability must be over 0 and at most 1.", field)


def _positive(value: int, field: str) -> None:
    if value < 1:
        raise Invalid("数量至少为 1。", "A number must be at least 1.", field)
