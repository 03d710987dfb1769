"""The SSA benchmark reads its blocks, weighs classes, and never reads the labels of what it is asked."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn (the dev extra) is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import ssa
from published.small_net import NetSettings
from published.ssa_data import BadBlock, read_services
from published.ssa_model import SsaSettings, choose_weights, decide, macro_f1


def write_services(path: Path, count: int, seed: int = 0, moods: bool = True) -> Path:
    """Word 11 stands in dissatisfied dialogues, 22 in met ones, 33 in well satisfied ones."""
    pick = random.Random(seed)
    blocks = []
    for number in range(count):
        label = number % 3 + 1
        noise = " ".join(str(pick.randint(100, 104)) for _ in range(2))
        mood = label if moods else 2
        blocks.append(
            f"{label}\n0\tc:\t{noise} 5\t2\n1\tb:\t7 {noise}\t3\n2\tc:\t{label * 11} {noise}\t{mood}\n"
        )
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def test_services_are_read_block_by_block(tmp_path):
    services = read_services(write_services(tmp_path / "s.txt", 6))
    assert [service.satisfaction for service in services] == [1, 2, 3, 1, 2, 3]
    assert [one.role for one in services[0].utterances] == ["c", "b", "c"]
    assert services[2].utterances[2].words[0] == "33"
    assert services[2].utterances[2].sentiment == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("4\n0\tc:\t1 2\t2\n", 1),
        ("1\n", 1),
        ("1\n0\tc:\t1 2\t2\n\n2\n0\tx:\t1\t2\n", 5),
        ("1\n0\tc:\t1 2\n", 2),
        ("1\n0\tc:\t1 2\t9\n", 2),
    ],
    ids=["标签越界", "空对话", "角色未知", "缺少情感列", "情感越界"],
)
def test_a_bad_block_is_named_by_file_and_line(tmp_path, text, line):
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadBlock, match=rf"bad\.txt:{line}:"):
        read_services(path)


def test_macro_f1_of_a_hand_worked_example():
    # Class 1: one of two found, nothing else called 1 → 2·1/(2+1). Class 2: one found, one too many → 2/3.
    # Class 3: right → 1.
    assert macro_f1(np.array([1, 1, 2, 3]), np.array([1, 2, 2, 3])) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert macro_f1(np.array([1, 1]), np.array([1, 1])) == pytest.approx(1 / 3)


def test_class_weights_lift_a_class_the_shares_undervalue():
    labels = np.array([1, 2, 3] * 20)
    hot = np.eye(3)[labels - 1]
    shares = 0.2 * hot + 0.8 * np.array([0.2, 0.6, 0.2])
    weights = choose_weights(shares, labels)
    plain, weighted = decide(shares, np.ones(3)), decide(shares, weights)
    assert macro_f1(labels, weighted) > macro_f1(labels, plain)
    assert macro_f1(labels, weighted) == 1.0


def test_ssa_learns_the_telling_words_and_ignores_given_sentiments_of_the_asked(tmp_path):
    small = SsaSettings(
        directions=5, trees=20, leaf=1, bag=1, folds=3, net=NetSettings(hidden=8, epochs=15, batch=8)
    )
    train = read_services(write_services(tmp_path / "train.txt", 60))
    dev = read_services(write_services(tmp_path / "dev.txt", 15, seed=5))
    flat = read_services(write_services(tmp_path / "flat.txt", 15, seed=5, moods=False))
    predicted, within = ssa.classify(train, dev, small, seed=1)
    again, _ = ssa.classify(train, flat, small, seed=1)
    np.testing.assert_array_equal(predicted, again)
    assert predicted.tolist() == [service.satisfaction for service in dev]
    assert within > 0.9


def test_ssa_prints_dev_and_test_and_dev_does_not_depend_on_the_test(tmp_path, capsys):
    train = write_services(tmp_path / "train.txt", 30)
    dev, test = write_services(tmp_path / "dev.txt", 9, 1), write_services(tmp_path / "test.txt", 9, 2)
    quick = ["--trees", "10", "--bag", "1"]
    ssa.main(["--train", str(train), "--dev", str(dev), *quick])
    alone = capsys.readouterr().out.splitlines()
    ssa.main(["--train", str(train), "--dev", str(dev), "--test", str(test), *quick])
    both = capsys.readouterr().out.splitlines()
    assert alone[:2] == both[:2]
    assert both[2].startswith("test macro-F1 ")
