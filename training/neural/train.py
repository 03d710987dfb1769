"""Train the neural model: baseline out of fold, vectors, one dialogue model a fold, calibrate, export."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from models.artifact import CARD, CONTENT
from models.base import FloatArray, Labels
from models.neural.artifact import BASELINE, ENCODER, LABELS, THRESHOLDS, TOKENIZER, write_neural
from models.neural.artifact import CONTENT as NEURAL_CONTENT
from models.neural.encoder import UtteranceEncoder
from models.neural.plain import plain
from models.neural.runtime import Graph, Pieces
from training.baseline import Card, told_data
from training.card import measure
from training.card_page import write_card_page
from training.corpus import read_corpus
from training.dataset import LABELS as NAMES
from training.dataset import Dataset, build_dataset, conversation_of
from training.folds import assign_folds
from training.neural.base_encoder import BaseEncoder, cut, load_base
from training.neural.calibrate import Calibration, fit_calibration, wide_logits
from training.neural.crossed import train_members
from training.neural.e5_file import BaseUnavailable
from training.neural.export import export_encoder, export_panel
from training.neural.loop import chosen_device
from training.neural.network import DialogueModel, Panel
from training.neural.samples import Sample, build_samples, read_signals
from training.neural.settings import NeuralSettings, read_neural_settings
from training.neural.wide import train_wide
from training.reliability import reliability
from training.settings import read_settings
from training.tables import Tables, said_of
from training.thresholds import choose_thresholds

LIMITS = (
    "trained on invented transcripts; figures on real traffic are lower",
    "reads the whole conversation before it judges a turn: not for verdicts that must stand at once",
    "time gaps between turns are not used: the training transcripts carry no times",
    "rude, impatient, privacy_breach, misinform, over_promise and risk_undisclosed are rare in training",
    "the encoder's layers are used as they were pretrained; only the dialogue model is trained",
    "calibration and thresholds were fitted on the same held-back dialogues the figures are told for",
    "turns of other roles than agent and customer are ignored",
)


def train_neural(
    config: Path,
    data_dirs: Sequence[Path],
    out_dir: Path,
    base: str | None = None,
    work_dir: Path | None = None,
    console: Console | None = None,
    own: Sequence[Path] = (),
) -> Card:
    """Train on the labelled dialogues of ``data_dirs`` and ``own``; write the artifact to ``out_dir``.

    A run that was killed continues where it stopped when it is started again with equal arguments.

    Args:
        config: see ``training/neural.toml``.
        data_dirs: folders or files of labelled dialogues.
        out_dir: receives the artifact.
        base: None for the bundled encoder, else a Hugging Face folder or hub name.
        work_dir: keeps what a killed run had finished; default beside ``out_dir``, removed at the end.
        console: where progress is shown.
        own: folders or files of the user's own labelled dialogues; they weigh more, and with enough of
            them calibration, thresholds and figures are theirs alone (see ``baseline.toml``).

    Raises:
        CorpusError: a record breaks the labelling schema (file, line and field are named).
        ConfigError: the configuration cannot be used.
        DeviceMissing: it asks for a GPU and there is none.
        LabelsMissing: something the model must say is labelled nowhere.
        BaseUnavailable: the base encoder cannot be had.
    """
    settings = read_neural_settings(config)
    wide_settings = read_settings(config.parent / settings.baseline)
    dialogues = read_corpus(data_dirs) if data_dirs else []
    mine = read_corpus(own, dialogues) if own else []
    chosen_device(settings)  # before anything slow, so that a missing device or base is told at once
    loaded = load_base(base)
    work = work_dir or out_dir.resolve().parent / f".{out_dir.resolve().name}-training"
    made = work / "model"  # moved to its place when it is whole: a killed run must not spoil a model in use
    with Progress(
        TextColumn("{task.description}"), TimeElapsedColumn(), console=console or Console(stderr=True)
    ) as progress:
        task = progress.add_task("读取")

        def step(text: str) -> None:
            progress.update(task, description=text)

        data = build_dataset(dialogues, wide_settings, mine)
        wide = train_wide(data, wide_settings, work / BASELINE, settings.fold_by, step)
        step("编码器")
        encoder = _prepare_encoder(loaded, data, settings, made)
        signals = read_signals(data, wide.outputs)
        samples = build_samples(data, signals, encoder.vectors_of(data, work))
        folds = assign_folds(data.sources, settings.folds, settings.fold_by, settings.seed, data.own)
        place = work / _name_of(settings, wide.digest, encoder.digest)
        members, raw = train_members(data, samples, folds, settings, place, step)
        opinion = wide_logits(data, signals)
        calibration = fit_calibration(data, raw, opinion)
        held_back = calibration.apply(raw, opinion)
        thresholds = choose_thresholds(data, held_back)
        step("写出")
        _write_dialogue(members, calibration, samples[0], made)
        _write_json(made / LABELS, {name: list(getattr(NAMES, name)) for name in Labels.__slots__})
        _write_json(made / THRESHOLDS, {k: round(float(v), 4) for k, v in sorted(thresholds.items())})
        (made / BASELINE).mkdir(exist_ok=True)
        for name in (CARD, *CONTENT):
            shutil.copyfile(work / BASELINE / name, made / BASELINE / name)
        rounds, seed = settings.bootstrap_rounds, settings.seed
        content = {
            "name": "neural",
            "version": settings.version,
            "data": told_data(dialogues, mine, wide_settings),
            "encoder": encoder.described,
            "settings": asdict(settings),
            "versions": {
                name: version(name) for name in ("torch", "transformers", "onnxruntime", "tokenizers")
            },
            "held_back_by": {settings.fold_by: measure(data, held_back, thresholds, rounds, seed)},
            "baseline_held_back_by": {settings.fold_by: wide.figures},
            "reliability": reliability(
                Tables(data.dialogues, said_of(held_back), thresholds), np.flatnonzero(data.calibrates)
            ),
            "limits": list(LIMITS),
        }
        digest = write_neural(made, content, wide.digest)
        _put_in_place(made, out_dir)
        write_card_page(content, out_dir)
    if work_dir is None:
        shutil.rmtree(work)
    return Card(digest, content)


def _put_in_place(made: Path, folder: Path) -> None:
    """Copy a finished model, its card last, since the card vouches for the rest."""
    (folder / BASELINE).mkdir(parents=True, exist_ok=True)
    for name in (*CONTENT, CARD):
        shutil.copyfile(made / BASELINE / name, folder / BASELINE / name)
    for name in (*NEURAL_CONTENT, CARD):
        shutil.copyfile(made / name, folder / name)


class _Prepared:
    """The exported encoder, opened as it will be served."""

    def __init__(self, base: BaseEncoder, folder: Path) -> None:
        graph, pieces = (folder / ENCODER).read_bytes(), (folder / TOKENIZER).read_text(encoding="utf-8")
        self.digest = hashlib.sha256(graph + pieces.encode()).hexdigest()
        # Training reads what serving will read: the vectors of the exported graph, all remembered.
        self._read = UtteranceEncoder(
            Graph(graph, torch.get_num_threads()), Pieces(pieces), base.prefix, 10**9
        )
        self.described = {
            "base": base.name,
            "licence": base.licence,
            "layers": int(base.model.config.num_hidden_layers),
            "pools": list(base.pools),
            "vocabulary": int(base.model.config.vocab_size),
            "width": base.width,
            "prefix": base.prefix,
            "sha256": self.digest,
        }

    def vectors_of(self, data: Dataset, work: Path) -> list[FloatArray]:
        """Vectors of every dialogue's turns; kept in ``work`` for a run that continues a killed one."""
        conversations = [conversation_of(dialogue) for dialogue in data.dialogues]
        texts = list(dict.fromkeys(text for one in conversations for text in one.texts))
        marks = hashlib.sha256("\0".join([self.digest, *texts]).encode()).hexdigest()
        kept = work / f"vectors-{marks[:16]}.npy"
        if kept.exists():
            table = np.load(kept, allow_pickle=False)
        else:
            table = self._read.vectors(texts)
            part = kept.with_suffix(".part.npy")
            np.save(part, table)
            part.replace(kept)
        place = {text: row for row, text in enumerate(texts)}
        return [table[[place[text] for text in one.texts]] for one in conversations]


def _prepare_encoder(base: BaseEncoder, data: Dataset, settings: NeuralSettings, folder: Path) -> _Prepared:
    texts = None
    if settings.trim_vocabulary:
        texts = sorted({plain(text) for d in data.dialogues for text in conversation_of(d).texts})
    # The prefix serves comparing passages; here it only cost time.
    smaller = replace(cut(base, settings.layers, texts), pools=settings.pools, prefix="")
    if max(smaller.pools, default=0) > smaller.model.config.num_hidden_layers:
        raise BaseUnavailable(
            f"{base.name} 只有 {smaller.model.config.num_hidden_layers} 层，少于配置 pools 要用的层。"
            "处理办法：改小 training/neural.toml 里的 layers 和 pools，或换用层数更多的编码器。"
        )
    folder.mkdir(parents=True, exist_ok=True)
    export_encoder(smaller, folder)
    return _Prepared(smaller, folder)


def _write_dialogue(
    members: Sequence[DialogueModel], calibration: Calibration, sample: Sample, folder: Path
) -> None:
    blends = [
        [torch.from_numpy(values) for values in (blend.slope, blend.lean, blend.shift)]
        for blend in (calibration.turns, calibration.topics, calibration.outcomes)
    ]
    export_panel(Panel(members, blends), sample, folder)


def _name_of(settings: NeuralSettings, *digests: str) -> str:
    """Checkpoints of other settings, data or encoders must never be continued."""
    marks = json.dumps([asdict(settings), *digests], sort_keys=True)
    return hashlib.sha256(marks.encode()).hexdigest()[:16]


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
