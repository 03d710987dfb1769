"""Training is a pure function of configuration and data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from models.baseline import load_baseline
from qa_engine.domain.errors import ConfigError
from training.baseline import train_baseline
from training.dataset import conversation_of
from training.folds import assign_folds
from training.logistic import fit_heads, fit_wide_heads, platt
from training.metrics import calibration_error, f1, macro_f1, weighted_kappa
from training.settings import read_settings

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "training" / "baseline.toml"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several BLAS threads on a busy machine wait for one another."""
    with threadpoolctl.threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two runs on the same 24 dialogues of three files."""
    folder = tmp_path_factory.mktemp("train")
    data = folder / "data"
    data.mkdir()
    for name in ("ec", "d1", "e1"):
        lines = (ROOT / "data" / "corpus" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        (data / f"{name}.jsonl").write_text("\n".join(lines[:8]) + "\n", encoding="utf-8")
    text = CONFIG.read_text(encoding="utf-8")
    for old, new in (("folds = 7", "folds = 3"), ("bootstrap_rounds = 200", "bootstrap_rounds = 5")):
        assert old in text
        text = text.replace(old, new)
    (folder / "tiny.toml").write_text(text, encoding="utf-8")
    return [train_baseline(folder / "tiny.toml", [data], folder / out) for out in ("one", "two")], folder


def test_same_seed_same_bytes(trained):
    cards, folder = trained
    assert cards[0].digest == cards[1].digest
    for file in sorted((folder / "one").iterdir()):
        assert file.read_bytes() == (folder / "two" / file.name).read_bytes()


def test_what_was_written_can_be_loaded(trained):
    cards, folder = trained
    model = load_baseline(folder / "one")
    assert model.digest == cards[0].digest
    assert cards[0].content["data"]["dialogues"] == 24


def test_shipped_loading_reproduces_the_fitted_layers(trained):
    from dataclasses import replace

    from training.corpus import read_corpus
    from training.dataset import build_dataset
    from training.stages import fit_first

    _, folder = trained
    settings = replace(read_settings(folder / "tiny.toml"), kept={"customer": 99999, "agent": 99999})
    dialogues = read_corpus([folder / "data"])
    data = build_dataset(dialogues, settings)
    first = fit_first(data, np.ones(len(dialogues), dtype=bool), settings)
    model = load_baseline(folder / "one")
    from models.frame import ROLES, build_frame
    from models.layers import first_turn_layer, pooled_layer
    from models.turn_features import plain_features

    frame = build_frame([conversation_of(dialogue) for dialogue in dialogues])
    words, cues = {}, {}
    for role in ROLES:
        projector = model.turn_judge.projectors[role]
        words[role], read = projector.project(frame.of(role).texts, frame.of(role).folded)
        cues[role] = read[:, : projector.cues.turn_columns]
    for role, other in (ROLES, ROLES[::-1]):
        plain = plain_features(frame, role, cues[role], cues[other])
        shipped = first_turn_layer(model.weights, model.heads, frame, role, words, plain)
        assert shipped == pytest.approx(first.turns[role](data.turn_rows[role]), abs=0.1)
    topics, outcomes = pooled_layer(model.weights, model.heads, frame, words)
    assert topics == pytest.approx(first.topics(data.topic_rows), abs=0.1)
    assert outcomes == pytest.approx(first.outcomes(data.outcome_rows), abs=0.1)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("seed = 20260", "", "seed"),
        ("folds = 7", "folds = 1", "folds"),
        ('fold_by = "source"', 'fold_by = "moon"', "fold_by"),
        ("seed = 20260", "seed = 20260\nsead = 1", "sead"),
    ],
)
def test_bad_configuration_names_the_key(tmp_path, old, new, key):
    file = tmp_path / "bad.toml"
    file.write_text(CONFIG.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    assert caught.value.key == key


def test_folds_keep_files_whole():
    sources = [f"f{i % 9}" for i in range(90)]
    folds = assign_folds(sources, 3, "source", 1)
    assert all(
        len({fold for fold, s in zip(folds, sources, strict=True) if s == name}) == 1 for name in sources
    )
    assert set(folds) == {0, 1, 2}
    assert set(assign_folds(["one"] * 10, 3, "source", 1)) == {0, 1, 2}


def test_wide_solution_equals_the_plain_one():
    from scipy import sparse

    random = np.random.default_rng(3)
    rows = sparse.csr_matrix(random.normal(size=(30, 80)).astype(np.float32))
    answers = (random.random((30, 2)) > 0.5).astype(float)
    weight = np.ones((30, 2))
    plain = fit_heads(rows, answers, weight, 2.0, 500)
    wide = fit_wide_heads(rows, answers, weight, 2.0, 500)
    assert wide(rows) == pytest.approx(plain(rows), abs=2e-2)


def test_platt_undoes_overconfidence():
    random = np.random.default_rng(5)
    true = random.normal(size=4000)
    answers = (random.random(4000) < 1 / (1 + np.exp(-true))).astype(float)
    slope, shift = platt(3 * true + 1, answers)
    assert slope == pytest.approx(1 / 3, abs=0.05)
    assert shift == pytest.approx(-1 / 3, abs=0.1)
    assert platt(true, np.zeros(4000)) == (1.0, 0.0)


def test_figures():
    truth, guess = np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])
    assert f1(truth, guess) == pytest.approx(2 / 3)
    assert f1(np.zeros(3), np.zeros(3)) == 1.0
    assert macro_f1(truth, guess) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert weighted_kappa(np.array([1, 2, 3]), np.array([1, 2, 3])) == pytest.approx(1.0)
    assert weighted_kappa(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1.0)
    assert calibration_error(np.array([1.0, 0.0]), np.array([0.75, 0.75])) == pytest.approx(0.25)
