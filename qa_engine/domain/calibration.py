"""校准: several people judge the same calls blind, and then see how far they and the machine agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from qa_engine.domain.agreement import Agreement, cohen, fleiss
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.scorecard import Criterion, Outcome

_SILENT = (None, Outcome.NOT_EVALUATED)
FEWEST_REVIEWERS, MOST_REVIEWERS, MOST_CALLS = 2, 20, 200

# (call, reviewer, criterion) → what that reviewer says; the machine's is (call, criterion).
Marks = Mapping[tuple[int, str, str], Outcome]
Machine = Mapping[tuple[int, str], Outcome]


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """Agreement on one criterion, or on all of them (``criterion`` None).

    Attributes:
        among_people: Cohen's kappa of two reviewers, Fleiss' of more, over what all of them marked.
        with_machine: Cohen's kappa of every reviewer's mark with the machine's outcome, taken together.
        machine_silent: marks of items the machine did not evaluate; they are no disagreement and not in it.
    """

    criterion: str | None
    among_people: Agreement
    with_machine: Agreement
    machine_silent: int


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Agreement of two, over all criteria both judged; ``second`` None = the machine."""

    first: str
    second: str | None
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """Everything a session shows once it is closed."""

    overall: CriterionAgreement
    criteria: tuple[CriterionAgreement, ...]
    pairs: tuple[PairAgreement, ...]


def allowed_outcomes(criterion: Criterion) -> tuple[Outcome, ...]:
    """What a person can say of a criterion; a bonus (加分项) is earned or not, nobody fails it."""
    if criterion.scoring == "add":
        return (Outcome.PASSED, Outcome.NOT_APPLICABLE)
    return (Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE)


def check_marks(marks: Mapping[str, Outcome], asked: Mapping[str, Criterion]) -> None:
    """Refuse marks of criteria that are not asked for, or that say what nobody can say of them.

    Raises:
        Invalid: there is one, or there is no mark at all.
    """
    if not marks:
        raise Invalid("至少要对一个质检项给出结论。", "Mark at least one criterion.", "marks")
    for key, outcome in marks.items():
        if key not in asked:
            raise Invalid("本次校准没有这个质检项。", "The session has no such criterion.", f"marks.{key}")
        allowed = allowed_outcomes(asked[key])
        if outcome not in allowed:
            names = "、".join(allowed)
            raise Invalid(
                f"这个质检项的结论只能是 {names} 之一。",
                f"The outcome of this criterion must be one of {', '.join(allowed)}.",
                f"marks.{key}",
            )


def compare(
    calls: Sequence[int], reviewers: Sequence[str], criteria: Sequence[str], marks: Marks, machine: Machine
) -> CalibrationResult:
    """Compare everybody with everybody and with the machine."""
    pairs = [
        PairAgreement(one, other, _of_two(calls, one, other, criteria, marks))
        for one, other in combinations(reviewers, 2)
    ]
    pairs += [
        PairAgreement(one, None, _with_machine(calls, [one], criteria, marks, machine)) for one in reviewers
    ]
    return CalibrationResult(
        _on(None, calls, reviewers, criteria, marks, machine),
        tuple(_on(key, calls, reviewers, [key], marks, machine) for key in criteria),
        tuple(pairs),
    )


def _on(
    criterion: str | None,
    calls: Sequence[int],
    reviewers: Sequence[str],
    criteria: Sequence[str],
    marks: Marks,
    machine: Machine,
) -> CriterionAgreement:
    if len(reviewers) == 2:
        people = _of_two(calls, reviewers[0], reviewers[1], criteria, marks)
    else:
        people = fleiss(
            [
                _complete([[marks.get((call, who, key)) for who in reviewers] for key in criteria])
                for call in calls
            ]
        )
    silent = sum(
        (call, who, key) in marks and machine.get((call, key)) in _SILENT
        for call in calls
        for who in reviewers
        for key in criteria
    )
    with_machine = _with_machine(calls, reviewers, criteria, marks, machine)
    return CriterionAgreement(criterion, people, with_machine, silent)


def _complete(items: Iterable[Sequence[Outcome | None]]) -> list[list[Outcome]]:
    # Fleiss' kappa needs everybody's word on an item.
    return [kept for item in items if len(kept := [one for one in item if one is not None]) == len(item)]


def _of_two(calls: Sequence[int], one: str, other: str, criteria: Sequence[str], marks: Marks) -> Agreement:
    return cohen(
        [
            [
                (marks[call, one, key], marks[call, other, key])
                for key in criteria
                if (call, one, key) in marks and (call, other, key) in marks
            ]
            for call in calls
        ]
    )


def _with_machine(
    calls: Sequence[int],
    reviewers: Sequence[str],
    criteria: Sequence[str],
    marks: Marks,
    machine: Machine,
) -> Agreement:
    return cohen(
        [
            [
                (marks[call, who, key], machine[call, key])
                for who in reviewers
                for key in criteria
                if (call, who, key) in marks and machine.get((call, key)) not in _SILENT
            ]
            for call in calls
        ]
    )
