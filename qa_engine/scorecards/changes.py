"""What differs between two revisions of a scorecard, as far as it judges."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qa_engine.scorecards.file import CriterionFile, ScorecardFile
from qa_engine.scorecards.loading import LoadedScorecard

Part = Literal["scorecard", "section", "criterion", "phrases", "condition"]
Kind = Literal["added", "removed", "changed"]
# Of the file as a whole: what judges or is shown, less what is compared part by part.
_HEAD = ("name", "business_line", "pass_mark", "min_confidence", "description")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field with its value in both revisions (JSON values; None = not written)."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs. ``fields`` is empty for parts that were added or removed as a whole."""

    part: Part
    kind: Kind
    key: str
    name: str
    fields: tuple[FieldChange, ...] = ()


def changes(before: LoadedScorecard, after: LoadedScorecard) -> tuple[Change, ...]:
    """Everything that differs in what the two judge, in the order of the file; layout and tests do not."""
    return tuple(_changes(before.written, after.written))


def text_diff(before: LoadedScorecard, after: LoadedScorecard) -> tuple[str, ...]:
    """The lines of a unified diff of the two files."""
    old, new = before.source_text.splitlines(), after.source_text.splitlines()
    names = (f"revision {before.scorecard.revision}", f"revision {after.scorecard.revision}")
    return tuple(difflib.unified_diff(old, new, *names, lineterm=""))


def _changes(before: ScorecardFile, after: ScorecardFile) -> Iterator[Change]:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    head = _fields({key: old[key] for key in _HEAD}, {key: new[key] for key in _HEAD})
    if head:
        yield Change("scorecard", "changed", after.key, after.name, head)
    yield from _parts("section", _sections(before), _sections(after))
    yield from _parts("criterion", _criteria(before), _criteria(after))
    yield from _parts("phrases", _words(before.phrases), _words(after.phrases))
    yield from _parts("condition", _conditions(before), _conditions(after))


def _parts(
    part: Part, before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]
) -> Iterator[Change]:
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            yield Change(part, "added", key, str(new.get("name", key)))
        elif new is None and old is not None:
            yield Change(part, "removed", key, str(old.get("name", key)))
        elif old is not None and new is not None and (fields := _fields(old, new)):
            yield Change(part, "changed", key, str(new.get("name", key)), fields)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    names = (*before, *(name for name in after if name not in before))
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _sections(file: ScorecardFile) -> dict[str, dict[str, Any]]:
    return {section.key: {"name": section.name, "weight": section.weight} for section in file.sections}


def _criteria(file: ScorecardFile) -> dict[str, dict[str, Any]]:
    return {
        criterion.key: {**_written(criterion), "section": section.key}
        for section in file.sections
        for criterion in section.criteria
    }


def _written(criterion: CriterionFile) -> dict[str, Any]:
    return criterion.model_dump(mode="json", exclude={"key"})


def _words(phrases: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    # Lists of phrases are sets to the reader: a word that moved is no change.
    return {key: {"words": sorted(set(words))} for key, words in phrases.items()}


def _conditions(file: ScorecardFile) -> dict[str, dict[str, Any]]:
    return {key: {"when": condition} for key, condition in file.conditions.items()}
