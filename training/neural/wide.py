"""The baseline as an input: out-of-fold for training, fitted on everything for serving."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.artifact import read_artifact, write_artifact
from models.base import ConversationOutput
from models.decode import decode
from models.errors import ModelError
from models.frame import ROLES
from training.assemble import assemble
from training.card import measure
from training.dataset import LABELS, Dataset
from training.folds import assign_folds
from training.labelled import corpus_digest
from training.settings import BaselineSettings
from training.stages import Logits, cross_first, fit_first, fit_second
from training.thresholds import choose_thresholds

HELD_BACK = "held_back.npz"


@dataclass(frozen=True)
class Wide:
    """A baseline made for the neural model.

    Attributes:
        digest: of the artifact written.
        outputs: what it says of dialogues it did not see.
        figures: how well it does on them, as in its own card.
    """

    digest: str
    outputs: list[ConversationOutput]
    figures: dict[str, Any]


def train_wide(
    data: Dataset, settings: BaselineSettings, folder: Path, by: str, step: Callable[[str], None]
) -> Wide:
    """Fit the baseline out of fold and on everything; a finished earlier run on equal data is reused.

    Args:
        data: the corpus.
        settings: of the baseline.
        folder: receives the baseline's artifact and the held-back log-odds.
        by: "source" or "dialogue", how folds are dealt.
        step: told what is being done.
    """
    sha = corpus_digest(data.dialogues)
    own = int(data.own.sum())
    marks = {"sha256": sha, "settings": settings.told(own), "by": by, **({"own": own} if own else {})}
    done = _earlier(folder, marks)
    if done is None:
        folds = assign_folds(data.sources, settings.folds, by, settings.seed, data.own)
        second, held_back = fit_second(data, cross_first(data, folds, settings, step), folds, settings)
        step("基线：用全部数据拟合")
        weights = assemble(data, fit_first(data, folds >= 0, settings), second, settings)
        card = {"name": "baseline", "version": settings.version, "made_for": "neural", "trained_on": marks}
        # Before the artifact, whose card tells a later run that both are whole and of these data.
        _write_held_back(folder / HELD_BACK, held_back)
        digest = write_artifact(folder, LABELS, choose_thresholds(data, held_back), weights, card)
        done = digest, held_back
    figures = measure(
        data, done[1], choose_thresholds(data, done[1]), settings.bootstrap_rounds, settings.seed
    )
    return Wide(done[0], outputs_of(data, done[1]), figures)


def _write_held_back(file: Path, held_back: Logits) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez_compressed(
        part,
        customer=held_back.turns["customer"],
        agent=held_back.turns["agent"],
        topics=held_back.topics,
        outcomes=held_back.outcomes,
    )
    part.replace(file)


def _earlier(folder: Path, marks: Mapping[str, Any]) -> tuple[str, Logits] | None:
    try:
        artifact = read_artifact(folder)
        with np.load(folder / HELD_BACK, allow_pickle=False) as kept:
            turns = {"customer": kept["customer"], "agent": kept["agent"]}
            held_back = Logits(turns, kept["topics"], kept["outcomes"])
    except (ModelError, OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    told = artifact.card.get("trained_on", {})
    same = (
        told.get("sha256") == marks["sha256"]
        and told.get("by") == marks["by"]
        and told.get("own") == marks.get("own")
        and told.get("settings") == json.loads(json.dumps(marks["settings"]))
    )
    return (artifact.digest, held_back) if same else None


def outputs_of(data: Dataset, logits: Logits) -> list[ConversationOutput]:
    """Log-odds of a dataset as the outputs a predictor would give."""
    rows = {role: data.frame.of(role).turn for role in ROLES}
    return list(decode(LABELS, data.frame.sizes, rows, logits.turns, logits.topics, logits.outcomes))
