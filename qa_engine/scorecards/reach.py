"""What the expressions of a file refer to, and which of them can never come true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qa_engine.domain.taxonomy import AGENT_ACTS, CUSTOMER_ACTS
from qa_engine.rules.expressions import All, Expression, Not, Ref, read_expression
from qa_engine.rules.expressions import Any as Either
from qa_engine.rules.source import Path
from qa_engine.scorecards.file import ScorecardFile

_LOGIC = ("all", "any")


def resolve_phrases(words: list[str], written: ScorecardFile) -> list[str]:
    """Replace ``@name`` by the words of that list, recursively."""
    flat: list[str] = []
    for word in words:
        inner = written.phrases.get(word[1:]) if word.startswith("@") else None
        flat += resolve_phrases(inner, written) if inner is not None else [word]
    return flat


def _roots(written: ScorecardFile) -> Iterator[tuple[Path, Any]]:
    for s, section in enumerate(written.sections):
        for c, criterion in enumerate(section.criteria):
            for name in ("applies_when", "fail_when", "pass_when"):
                value = getattr(criterion, name)
                if value is not None:
                    yield ("sections", s, "criteria", c, name), value


def _conditions_in(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Conditions written in place inside an expression."""
    if isinstance(value, dict):
        if "test" in value:
            yield path, value
            return
        for key, inner in value.items():
            yield from _conditions_in(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _conditions_in(inner, (*path, i))


def conditions(written: ScorecardFile) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every condition of a file, named or written in place, with its path."""
    places = [(("conditions", name), value) for name, value in written.conditions.items()]
    for root, value in [*places, *_roots(written)]:
        yield from _conditions_in(value, root)


def operators(written: ScorecardFile) -> Iterator[tuple[Path, str, Any, str]]:
    """Every operator of a file: its path, name, parameters, and the role of its condition."""
    for path, condition in conditions(written):
        role = str(condition.get("role", "any"))
        yield from _operators_in(condition["test"], (*path, "test"), role)


def _operators_in(test: Any, path: Path, role: str) -> Iterator[tuple[Path, str, Any, str]]:
    if not isinstance(test, dict):
        return
    for key, value in test.items():
        if key in _LOGIC and isinstance(value, list):
            for i, inner in enumerate(value):
                yield from _operators_in(inner, (*path, key, i), role)
        elif key == "not":
            yield from _operators_in(value, (*path, key), role)
        else:
            yield (*path, key), key, value, role


def _refs(tree: Expression | None) -> Iterator[str]:
    if isinstance(tree, Ref):
        yield tree.name
    elif isinstance(tree, Not):
        yield from _refs(tree.part)
    elif isinstance(tree, All | Either):
        for part in tree.parts:
            yield from _refs(part)


def _tree(value: Any) -> Expression | None:
    """The logic of an expression; conditions written in place are left out of it."""
    return read_expression(value, (), lambda *_: None, lambda *_: "")


def names_used(written: ScorecardFile) -> tuple[set[str], set[str]]:
    """Names of conditions and of phrase lists that some criterion needs."""
    conditions: set[str] = set()
    todo = [value for _, value in _roots(written)]
    while todo:
        value = todo.pop()
        names = {name for name in _refs(_tree(value)) if name}
        for _, condition in _conditions_in(value, ()):
            scope = condition.get("scope")
            if isinstance(scope, dict) and isinstance(scope.get("anchor"), str):
                names.add(scope["anchor"])
        fresh = names - conditions
        conditions |= fresh
        todo += [written.conditions[name] for name in fresh if name in written.conditions]
    phrases: set[str] = set()
    waiting = [
        word[1:]
        for _, _, parameters, _ in operators(written)
        for word in _strings(parameters)
        if word[:1] == "@"
    ]
    while waiting:
        name = waiting.pop()
        if name not in phrases:
            phrases.add(name)
            waiting += [word[1:] for word in written.phrases.get(name, []) if word[:1] == "@"]
    return conditions, phrases


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def contradiction(value: Any, written: ScorecardFile) -> str:
    """Why an expression can never be true, as far as its own logic shows; "" if it may be."""
    if value is None:
        return ""
    yes: set[str] = set()
    no: set[str] = set()
    channels: set[str] | None = None
    for part in _conjuncts(_tree(value), written):
        if isinstance(part, Ref) and part.name:
            yes.add(part.name)
            allowed = _channels(written.conditions.get(part.name))
            if allowed is not None:
                channels = allowed if channels is None else channels & allowed
        elif isinstance(part, Not) and isinstance(part.part, Ref) and part.part.name:
            no.add(part.part.name)
    both = sorted(yes & no)
    if both:
        return f"同时要求 {both[0]} 成立和不成立"
    return "要求的渠道互相矛盾" if channels is not None and not channels else ""


def _conjuncts(tree: Expression | None, written: ScorecardFile) -> Iterator[Expression]:
    if isinstance(tree, All):
        for part in tree.parts:
            yield from _conjuncts(part, written)
    elif tree is not None:
        yield tree


def _channels(condition: Any) -> set[str] | None:
    test = condition.get("test") if isinstance(condition, dict) else None
    channel = test.get("channel") if isinstance(test, dict) and len(test) == 1 else None
    return set(_strings(channel.get("of"))) if isinstance(channel, dict) else None


def impossible_operators(written: ScorecardFile) -> Iterator[tuple[Path, str]]:
    """Operators that look for what the chosen speaker never has."""
    for path, operator, parameters, role in operators(written):
        labels = set(_strings(parameters.get("of"))) if isinstance(parameters, dict) else set()
        if role == "agent" and operator in ("emotion", "emotion_index"):
            yield path, "情绪只对客户判断，而 role 是 agent"
        elif role == "customer" and operator == "fault":
            yield path, "失误只对坐席判断，而 role 是 customer"
        elif operator == "act" and labels:
            if role == "agent" and not labels & AGENT_ACTS.keys():
                yield path, "这些行为只有客户才有，而 role 是 agent"
            elif role == "customer" and not labels & CUSTOMER_ACTS.keys():
                yield path, "这些行为只有坐席才有，而 role 是 customer"
