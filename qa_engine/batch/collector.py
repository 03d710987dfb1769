"""Python's cyclic garbage collector, told that a long run of small frozen objects is ahead."""

from __future__ import annotations

import gc

# Reports are trees: reference counting frees them. With the default threshold (700) the collector
# walks the models and rules again and again for nothing, a third of the time of a run.
YOUNG, MIDDLE, OLD = 50_000, 20, 100


def relax_collector() -> None:
    """Set aside everything loaded so far and look for cycles seldom. Call once models are loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
