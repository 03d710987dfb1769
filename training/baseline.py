"""Train the baseline: read, split, fit out of fold, calibrate, choose thresholds, fit on all, write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from threadpoolctl import threadpool_limits

from models.artifact import write_artifact
from training.assemble import assemble
from training.card import measure
from training.corpus import LabelledDialogue, read_corpus
from training.dataset import LABELS, build_dataset
from training.folds import assign_folds
from training.settings import read_settings
from training.stages import cross_first, fit_first, fit_second
from training.thresholds import choose_thresholds

LIMITS = (
    "trained on invented transcripts; figures on real traffic are lower",
    "time gaps between turns are not used: the training transcripts carry no times",
    "rude, impatient, privacy_breach, misinform, over_promise and risk_undisclosed are rare in training",
    "turns of other roles than agent and customer are ignored",
)


@dataclass(frozen=True)
class Card:
    """What was trained: ``content`` is written as ``card.json``; ``digest`` names the artifact."""

    digest: str
    content: dict[str, Any]


def train_baseline(
    config_path: Path, data_dirs: Sequence[Path], out_dir: Path, console: Console | None = None
) -> Card:
    """Train on every ``*.jsonl`` of ``data_dirs`` and write the artifact to ``out_dir``.

    Raises:
        CorpusError: a record breaks the labelling schema (file, line and field are named).
        ConfigError: the configuration cannot be used.
    """
    settings = read_settings(config_path)
    dialogues = read_corpus(data_dirs)
    other = "dialogue" if settings.fold_by == "source" else "source"
    columns = TextColumn("{task.description}"), TimeElapsedColumn()
    # One BLAS thread: sums then run in a fixed order, and busy neighbours cannot stall the fit.
    with threadpool_limits(1), Progress(*columns, console=console or Console(stderr=True)) as progress:
        task = progress.add_task("read")

        def step(text: str) -> None:
            progress.update(task, description=text)

        data = build_dataset(dialogues, settings)
        folds = assign_folds(data.sources, settings.folds, settings.fold_by, settings.seed)
        second, held_back = fit_second(data, cross_first(data, folds, settings, step), folds, settings)
        thresholds = choose_thresholds(data, held_back)
        rounds, seed = settings.bootstrap_rounds, settings.seed
        figures = {settings.fold_by: measure(data, held_back, thresholds, rounds, seed)}
        step("fit on everything")
        weights = assemble(data, fit_first(data, folds >= 0, settings), second, settings)
        check = assign_folds(data.sources, settings.folds, other, settings.seed)
        _, checked = fit_second(data, cross_first(data, check, settings, step), check, settings)
        figures[other] = measure(data, checked, choose_thresholds(data, checked), rounds, seed)
        step("write")
        content = {
            "name": "baseline",
            "version": settings.version,
            "data": {"dialogues": len(dialogues), "sha256": corpus_digest(dialogues)},
            "settings": asdict(settings),
            "versions": {name: version(name) for name in ("numpy", "scipy", "pyahocorasick")},
            "held_back_by": figures,
            "limits": list(LIMITS),
        }
        return Card(write_artifact(out_dir, LABELS, thresholds, weights, content), content)


def corpus_digest(dialogues: Sequence[LabelledDialogue]) -> str:
    """sha256 of the labelled dialogues as read, independent of file layout."""
    whole = hashlib.sha256()
    for dialogue in dialogues:
        whole.update(json.dumps(asdict(dialogue), ensure_ascii=False, sort_keys=True).encode())
    return whole.hexdigest()
