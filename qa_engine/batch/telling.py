"""How a report is told in tables: names instead of keys, quotations masked unless asked otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_engine.batch.record import Scored
from qa_engine.text.redact import redact

# A quotation may begin in the middle of a number, where no check digit or cue is left to know it by.
_DIGITS = re.compile(r"\d[\d\s-]{3,}\d")


@dataclass(frozen=True, slots=True)
class Telling:
    """``raw`` keeps quotations as they were said; the names replace keys where people read."""

    raw: bool = False
    scorecard_name: str = ""
    section_names: Mapping[str, str] = field(default_factory=dict)

    def report(self, scored: Scored) -> dict[str, Any]:
        """The report with its quotations masked (shape: inspection-report/1)."""
        fields = scored.fields()
        if not self.raw:
            for item in fields["criteria"]:
                for quote in (*item["evidence"], item["nearest"]):
                    if quote is not None:
                        quote["quote"] = masked(quote["quote"])
            for section in ("complaint", "review"):
                # Reports of before this field have none.
                for quote in fields[section].get("evidence", ()):
                    quote["quote"] = masked(quote["quote"])
        return fields

    def for_people(self, scored: Scored) -> dict[str, Any]:
        """The same with names in place of the keys of scorecard and sections."""
        fields = self.report(scored)
        fields["scorecard"]["key"] = self.scorecard_name or fields["scorecard"]["key"]
        for item in fields["criteria"]:
            item["section"] = self.section_names.get(item["section"], item["section"])
        return fields


def masked(quote: str) -> str:
    """Mask personal data in a quotation that stands alone."""
    return _DIGITS.sub("[数字]", redact(quote))
