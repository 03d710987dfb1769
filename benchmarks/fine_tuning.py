"""What labelling some of your own calls brings: cross-validated fine-tuning beside the shipped models.

usage: python benchmarks/fine_tuning.py GOLD.jsonl[.gz] --work FOLDER [--folds 5] [--fold K]
           [--config training/neural.toml] [--scorecard ecommerce_after_sales] [--data data/corpus]

GOLD holds one transcript a line with its labels under "gold". Every fold is trained on our corpus and the
other folds with `qa-engine train neural --own`, then scored with `qa-engine score --model FOLDER`: no call
is judged by a model, threshold or calibration that saw its labels. FOLDER/reports.jsonl receives all reports;
measure them with `score_reports.py GOLD FOLDER/reports.jsonl`. Folds done in an earlier run are kept;
``--fold K`` does one of them only, so that two can run side by side. Models are removed once used.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SEED = 20261122
COMMAND = (sys.executable, "-m", "qa_engine")


def read_lines(path: Path) -> list[str]:
    """Non-empty lines of a plain or gzipped file."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return [line for line in text.split("\n") if line.strip()]


def run_fold(lines: Sequence[str], folds: Sequence[int], fold: int, options: argparse.Namespace) -> None:
    """Train without one fold, score it, drop the model."""
    work: Path = options.work / f"fold{fold}"
    reports = options.work / f"reports{fold}.jsonl"
    if reports.exists():
        return
    own, asked, model = work / "own" / "labelled.jsonl", work / "asked.jsonl", work / "model"
    own.parent.mkdir(parents=True, exist_ok=True)
    learnt = [line for line, at in zip(lines, folds, strict=True) if at != fold]
    kept = [line for line, at in zip(lines, folds, strict=True) if at == fold]
    own.write_text("\n".join(learnt) + "\n", encoding="utf-8")
    asked.write_text("\n".join(kept) + "\n", encoding="utf-8")
    train = ["train", "neural", "--own", own.parent, "--data", options.data, "--config", options.config]
    score = ["score", asked, "--scorecard", options.scorecard, "--model", model, "--workers", "1"]
    for arguments in (
        [*train, "--out", model, "--work", work / "training"],
        [*score, "--out", work / "reports.jsonl", "--overwrite"],
    ):
        subprocess.run([*COMMAND, *map(str, arguments)], check=True)
    (work / "reports.jsonl").replace(reports)
    shutil.rmtree(work)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options and run the folds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--config", type=Path, default=Path("training/neural.toml"))
    parser.add_argument("--data", type=Path, default=Path("data/corpus"))
    parser.add_argument("--scorecard", default="ecommerce_after_sales")
    parser.add_argument("--fold", type=int, help="do this one only")
    options = parser.parse_args(arguments)
    lines = read_lines(options.gold)
    folds = (np.random.default_rng(SEED).permutation(len(lines)) % options.folds).tolist()
    for fold in range(options.folds) if options.fold is None else [options.fold]:
        run_fold(lines, folds, fold, options)
    parts = [options.work / f"reports{fold}.jsonl" for fold in range(options.folds)]
    if all(part.exists() for part in parts):
        whole = "".join(part.read_text(encoding="utf-8") for part in parts)
        (options.work / "reports.jsonl").write_text(whole, encoding="utf-8")
        print(f"{whole.count(chr(10))} reports in {options.work / 'reports.jsonl'}")


if __name__ == "__main__":
    main()
