"""Train the baseline: read, split, fit out of fold, calibrate, choose thresholds, fit on all, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from threadpoolctl import threadpool_limits

from models.artifact import write_artifact
from training.assemble import assemble
from training.card import measure
from training.corpus import read_corpus
from training.dataset import LABELS, build_dataset
from training.folds import assign_folds
from training.labelled import LabelledDialogue, corpus_digest
from training.overlap import fingerprint
from training.settings import BaselineSettings, read_settings
from training.stages import cross_first, fit_first, fit_second
from training.thresholds import choose_thresholds

LIMITS = (
    "trained on invented transcripts; figures on real traffic are lower",
    "time gaps between turns are not used: the training transcripts carry no times",
    "rude, impatient, privacy_breach, misinform, over_promise and risk_undisclosed are rare in training",
    "calibration and thresholds were fitted on the same held-back dialogues the figures are told for",
    "turns of other roles than agent and customer are ignored",
)


@dataclass(frozen=True)
class Card:
    """What was trained: ``content`` is written as ``card.json``; ``digest`` names the artifact."""

    digest: str
    content: dict[str, Any]


def train_baseline(
    config_path: Path,
    data_dirs: Sequence[Path],
    out_dir: Path,
    console: Console | None = None,
    own: Sequence[Path] = (),
) -> Card:
    """Train on the labelled dialogues of ``data_dirs`` and ``own``; write the artifact to ``out_dir``.

    Args:
        config_path: see ``training/baseline.toml``.
        data_dirs: folders or files of the corpus.
        out_dir: receives the artifact.
        console: where progress is shown.
        own: folders or files of the user's own labelled dialogues; they weigh more, and with enough of
            them calibration, thresholds and figures are theirs alone.

    Raises:
        CorpusError: a record breaks the labelling schema (file, line and field are named).
        ConfigError: the configuration cannot be used.
        LabelsMissing: something the model must say is labelled nowhere.
    """
    settings = read_settings(config_path)
    dialogues = read_corpus(data_dirs) if data_dirs else []
    mine = read_corpus(own, dialogues) if own else []
    other = "dialogue" if settings.fold_by == "source" else "source"
    columns = TextColumn("{task.description}"), TimeElapsedColumn()
    # One BLAS thread: sums then run in a fixed order, and busy neighbours cannot stall the fit.
    with threadpool_limits(1), Progress(*columns, console=console or Console(stderr=True)) as progress:
        task = progress.add_task("读取")

        def step(text: str) -> None:
            progress.update(task, description=text)

        data = build_dataset(dialogues, settings, mine)
        folds = assign_folds(data.sources, settings.folds, settings.fold_by, settings.seed, data.own)
        second, held_back = fit_second(data, cross_first(data, folds, settings, step), folds, settings)
        thresholds = choose_thresholds(data, held_back)
        rounds, seed = settings.bootstrap_rounds, settings.seed
        figures = {settings.fold_by: measure(data, held_back, thresholds, rounds, seed)}
        step("用全部数据拟合")
        weights = assemble(data, fit_first(data, folds >= 0, settings), second, settings)
        check = assign_folds(data.sources, settings.folds, other, settings.seed, data.own)
        _, checked = fit_second(data, cross_first(data, check, settings, step), check, settings)
        figures[other] = measure(data, checked, choose_thresholds(data, checked), rounds, seed)
        step("写出")
        content = {
            "name": "baseline",
            "version": settings.version,
            "data": told_data(dialogues, mine, settings),
            "settings": settings.told(len(mine)),
            "versions": {name: version(name) for name in ("numpy", "scipy", "pyahocorasick")},
            "held_back_by": figures,
            "limits": list(LIMITS),
        }
        return Card(write_artifact(out_dir, LABELS, thresholds, weights, content), content)


def told_data(
    dialogues: Sequence[LabelledDialogue], own: Sequence[LabelledDialogue], settings: BaselineSettings
) -> dict[str, Any]:
    """What a card says about the data; ``calibrated_on_own`` tells whose figures it gives."""
    told: dict[str, Any] = {"dialogues": len(dialogues), "sha256": corpus_digest(dialogues)}
    if own:
        told["own"] = {
            "dialogues": len(own),
            "sha256": corpus_digest(own),
            "calibrated_on_own": len(own) >= settings.own_least,
            "each": [fingerprint(dialogue) for dialogue in own],
        }
    return told
