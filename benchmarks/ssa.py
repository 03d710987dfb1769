"""SSA service satisfaction (Clothes, Makeup): macro-F1 over three classes.

usage: python benchmarks/ssa.py --train FILE --dev FILE [--test FILE] [--seed 20261122]

Models are trained on the training file alone; class weights are chosen on its folds. Printed are macro-F1 of
the training folds (second level), of the dev file with a 95 % bootstrap interval by dialogue, and with
``--test`` of the test file, read once at the end. Sentiment labels of dev and test files are not read into
any feature. Nothing is written; no model is kept.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from published.intervals import bootstrap
from published.ssa_data import Service, read_services
from published.ssa_model import (
    Labels,
    SsaSettings,
    build_features,
    choose_weights,
    decide,
    macro_f1,
    out_of_fold,
    predict_shares,
)

SEED = 20261122


def classify(
    train: Sequence[Service], asked: Sequence[Service], chosen: SsaSettings, seed: int
) -> tuple[Labels, float]:
    """Predicted satisfaction of ``asked``, and macro-F1 of the training file's folds."""
    labels = np.array([service.satisfaction for service in train])
    features = build_features(train, asked, chosen, seed)
    own = out_of_fold(
        features.train, labels, chosen.folds, seed, lambda a, b, c: predict_shares(a, b, c, chosen, seed)
    )
    weights = choose_weights(own, labels)
    shares = predict_shares(features.train, labels, features.asked, chosen, seed)
    return decide(shares, weights), macro_f1(labels, decide(own, weights))


def line(name: str, gold: Labels, predicted: Labels, seed: int) -> str:
    """One metric with its interval."""
    low, high = bootstrap(len(gold), lambda rows: macro_f1(gold[rows], predicted[rows]), seed)
    return f"{name} macro-F1 {macro_f1(gold, predicted):.4f} [{low:.4f}, {high:.4f}] n={len(gold)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, measure, print one metric a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--trees", type=int, default=SsaSettings().trees)
    parser.add_argument("--bag", type=int, default=SsaSettings().bag, help="networks in the blend")
    options = parser.parse_args(arguments)
    chosen = SsaSettings(trees=options.trees, bag=options.bag)
    started = time.perf_counter()
    train, dev = read_services(options.train), read_services(options.dev)
    test = read_services(options.test) if options.test else []
    predicted, within = classify(train, [*dev, *test], chosen, options.seed)
    gold = np.array([service.satisfaction for service in [*dev, *test]])
    print(f"train folds macro-F1 {within:.4f} n={len(train)}")
    print(line("dev", gold[: len(dev)], predicted[: len(dev)], options.seed))
    if test:
        print(line("test", gold[len(dev) :], predicted[len(dev) :], options.seed))
    print(f"seconds {time.perf_counter() - started:.0f}")


if __name__ == "__main__":
    main()
