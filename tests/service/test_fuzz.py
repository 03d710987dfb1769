"""Whatever is asked, the service answers as its OpenAPI document says, and never breaks.

A small round of it; ``benchmarks/fuzz.py`` asks thousands of questions and prints what came of them.
"""

from __future__ import annotations

import pytest

from service.fuzzing import furnish, fuzz
from service.served import serving


@pytest.mark.slow
def test_no_question_breaks_the_service(tmp_path):
    many = {"rate_per_minute": "1000000", "login_rate_per_minute": "1000000"}
    with serving(tmp_path, "--workers", "0", **many) as served:
        made = furnish(served)
        with served.client() as client:
            document = client.get("/openapi.json").json()
        people = [made.people[name] for name in ("lead", "admin", "agent")]
        tally = fuzz(served.url, document, people, 1, 1, made.known)
    told = "\n".join(f"{n} × {what}\n{tally.samples[what]}" for what, n in tally.failures.items())
    assert not tally.failures, told
    assert tally.server_errors == 0
    asked = [name for name, statuses in tally.by_operation.items() if statuses]
    assert sorted(asked) == sorted(tally.by_operation), "every operation was asked"
