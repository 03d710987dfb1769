"""The published benchmarks read their formats, measure what they say, and never look at test labels."""

import gzip
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn (the dev extra) is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import stc3
from published.intervals import bootstrap, deal_folds
from published.sentence_vectors import dialogue_parts
from published.small_net import NetSettings, SmallNet, class_gradient, cumulative, nmd_gradient, softmax
from published.stc3_data import BadDialogue, cumulative_shares, nmd, nugget_shares, read_dialogues
from published.stc3_model import Prepared, Stc3Settings, predict_rest
from published.stc3_turns import TurnTable, stacked_shares

GLAD = ["太好了，已经收到，谢谢客服", "问题解决了，感谢", "好的，可以用了，赞"]
SORE = ["三天了还是没人管", "又推给别人，太敷衍了", "再不处理我就投诉"]
SMALL = Stc3Settings(widths=(4,), bag=1, net=NetSettings(hidden=8, epochs=6, batch=8))


def invented_dialogue(number: int, glad: bool, seed: int = 0) -> dict:
    """Three turns in the format of STC-3; the votes follow the mood of the last turn."""
    pick = random.Random(f"{seed}-{number}")
    many, few = pick.randint(12, 16), pick.randint(1, 2)
    votes = [many, 19 - many - few, few, 0, 0]
    votes = votes if glad else votes[::-1]
    said = [
        f"@蓝鲸客服 宽带{number}号断网了",
        f"您好，{number}号已登记，请稍后查看",
        pick.choice(GLAD if glad else SORE),
    ]
    nuggets = [{"CNUG0": 17, "CNaN": 2}, {"HNUG": 10, "HNUG*": 4, "HNaN": 5}, {"CNUG*": 9, "CNaN": 10}]
    turns = [
        {"speaker": who, "text": text}
        for who, text in zip(["customer", "agent", "customer"], said, strict=True)
    ]
    return {"id": f"d{number}", "turns": turns, "votes": dict.fromkeys("ASE", votes), "nuggets": nuggets}


def write_dialogues(path: Path, count: int, seed: int = 0) -> Path:
    lines = [json.dumps(invented_dialogue(n, n % 2 == 0, seed), ensure_ascii=False) for n in range(count)]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def dialogues(tmp_path_factory):
    return read_dialogues(write_dialogues(tmp_path_factory.mktemp("stc3") / "train.jsonl.gz", 24))


def test_dialogues_are_read_with_sides_votes_and_nuggets(dialogues):
    first = dialogues[0]
    assert len(dialogues) == 24
    assert first.from_customer == (True, False, True)
    assert first.said_by(False) == ["您好，0号已登记，请稍后查看"]
    assert first.votes.shape == (3, 5)
    assert first.votes.sum() == 57
    np.testing.assert_allclose(nugget_shares(first)[1], [10 / 19, 4 / 19, 5 / 19, 0])


@pytest.mark.parametrize(
    "change",
    [{"votes": {"A": [1], "S": [1], "E": [1]}}, {"votes": {}}, {"nuggets": [{}]}, {"turns": []}],
    ids=["五档不全", "没有投票", "回合数不符", "没有回合"],
)
def test_a_bad_line_is_named_by_file_and_line_without_its_text(tmp_path, change):
    good, bad = invented_dialogue(0, True), invented_dialogue(1, True) | change
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in (good, bad)), "utf-8")
    with pytest.raises(BadDialogue, match=r"x\.jsonl:2") as caught:
        read_dialogues(path)
    assert "宽带" not in str(caught.value)


def test_nmd_of_a_hand_worked_example():
    # Gold: all votes on the best bin → cumulative 1 1 1 1. Predicted: half best, half worst → .5 .5 .5 .5.
    # Four differences of one half, divided by four.
    gold, half = np.ones((1, 3, 4)), np.full((1, 3, 4), 0.5)
    np.testing.assert_allclose(nmd(half, gold), [[0.5, 0.5, 0.5]])
    # Votes 0 1 12 4 2 against even shares: |.2−0| + |.4−1/19| + |.6−13/19| + |.8−17/19|, divided by four.
    votes = np.array([0, 1, 12, 4, 2]) / 19
    even = np.full(5, 0.2)
    by_hand = (0.2 + (0.4 - 1 / 19) + (13 / 19 - 0.6) + (17 / 19 - 0.8)) / 4
    got = nmd(even.cumsum()[None, None, :4], votes.cumsum()[None, None, :4])
    assert got[0, 0] == pytest.approx(by_hand)


def test_worst_and_best_nmd_are_one_and_zero(dialogues):
    gold = cumulative_shares(dialogues)
    assert nmd(gold, gold).max() == 0
    assert nmd(np.ones((1, 3, 4)), np.zeros((1, 3, 4))).tolist() == [[1, 1, 1]]


def test_gradients_agree_with_finite_differences():
    random_ = np.random.default_rng(3)
    logits = random_.normal(size=(3, 15))
    gold = np.sort(random_.random((3, 3, 4)), axis=2)

    def smooth_nmd(values):
        gap = cumulative(values) - gold
        return np.sqrt(gap**2 + 0.02**2).sum() / 4 / len(values)

    hot = np.eye(15)[[1, 4, 9]] * np.array([[1.0], [2.0], [0.5]])

    def entropy(values):
        return -(hot * np.log(softmax(values))).sum() / len(values)

    for loss, found in ((smooth_nmd, nmd_gradient(logits, gold)), (entropy, class_gradient(logits, hot))):
        for cell in [(0, 0), (1, 7), (2, 14), (0, 4)]:
            step = np.zeros_like(logits)
            step[cell] = 1e-5
            slope = (loss(logits + step) - loss(logits - step)) / 2e-5
            assert found[cell] == pytest.approx(slope, abs=1e-6)


def test_the_network_learns_the_median_not_the_mean():
    # Two thirds of the dialogues have all votes on the best bin, one third on the worst; inputs say nothing.
    target = np.where(np.arange(90)[:, None, None] % 3 < 2, 1.0, 0.0) * np.ones((90, 1, 4))
    inputs = np.ones((90, 1), np.float32)
    settings = NetSettings(hidden=8, dropout=0, input_dropout=0, epochs=60, rate=0.02)
    net = SmallNet(5, nmd_gradient, settings, seed=1).fit(inputs, target.astype(np.float32))
    assert cumulative(net.logits(inputs[:1])).min() > 0.9


def test_folds_are_dealt_by_dialogue_and_are_even():
    dealt = deal_folds(23, 5, seed=4)
    assert sorted(np.bincount(dealt).tolist()) == [4, 4, 5, 5, 5]
    assert (dealt == deal_folds(23, 5, seed=4)).all()
    assert (dealt != deal_folds(23, 5, seed=5)).any()
    with pytest.raises(ValueError, match="6 folds"):
        deal_folds(5, 6, seed=0)


def test_interval_of_a_constant_is_a_point_and_contains_the_mean_otherwise():
    assert bootstrap(10, lambda rows: 0.5 + 0 * rows[0], seed=1, rounds=20) == (0.5, 0.5)
    values = np.arange(50.0)
    low, high = bootstrap(50, lambda rows: values[rows].mean(), seed=1)
    assert 15 < low < 24.5 < high < 34


def test_stacked_nuggets_of_a_dialogue_never_come_from_its_own_votes(dialogues):
    """A change of one dialogue's votes on nuggets leaves its own stacked shares as they were."""
    table = TurnTable.build(dialogues)
    train = np.arange(20)
    before = stacked_shares(table, train, seed=1)
    changed = table.shares.copy()
    mine = table.owner == 3
    changed[mine] = np.roll(changed[mine], 1, axis=1)
    other = TurnTable(table.owner, table.customer, table.counts, table.place, changed)
    after = stacked_shares(other, train, seed=1)
    np.testing.assert_array_equal(before[mine], after[mine])
    assert np.abs(before - after).max() > 1e-4


def test_labels_of_the_held_out_dialogues_do_not_reach_their_prediction(dialogues):
    prepared = Prepared.build(dialogues)
    train = np.arange(16)
    blind = Prepared(
        prepared.dialogues,
        prepared.turns,
        prepared.views,
        np.where(np.arange(24)[:, None, None] < 16, prepared.target, 0.5),
    )
    blind.turns.shares[prepared.turns.owner >= 16] = 0.25
    predicted = predict_rest(prepared, train, SMALL, seed=2)
    np.testing.assert_array_equal(predicted, predict_rest(blind, train, SMALL, seed=2))
    assert (np.diff(predicted, axis=2) >= 0).all()


def test_sentence_vectors_are_gathered_by_side_and_change_the_prediction(dialogues):
    turns = np.arange(24 * 3, dtype=float)[:, None] * np.array([[1.0, -1.0]])
    parts = dialogue_parts(dialogues, turns)
    # Turns 3, 4, 5 belong to the second dialogue: customer, agent, customer.
    assert [part[1, 0] for part in parts] == [4, 5, 4, 4]
    train = np.arange(16)
    without = predict_rest(Prepared.build(dialogues), train, SMALL, seed=2)
    given = predict_rest(Prepared.build(dialogues, parts), train, SMALL, seed=2)
    assert np.abs(without - given).max() > 1e-3


def test_stc3_beats_the_prior_and_the_same_seed_gives_the_same_number(tmp_path, capsys):
    train = write_dialogues(tmp_path / "train.jsonl.gz", 40)
    test = write_dialogues(tmp_path / "test.jsonl.gz", 10, seed=9)
    lines = []
    for _ in range(2):
        stc3.main(["--train", str(train), "--test", str(test), "--bag", "1", "--seed", "3"])
        lines.append([line for line in capsys.readouterr().out.splitlines() if "NMD" in line])
    assert lines[0] == lines[1]
    assert [line.split()[0] for line in lines[0]] == ["A", "S", "E"]
    gold = cumulative_shares(read_dialogues(test))
    prior = nmd(np.broadcast_to(gold.mean(0), gold.shape), gold).mean()
    assert float(lines[0][0].split()[2]) < prior / 2


def test_cross_validation_prints_an_interval_around_the_mean(tmp_path, capsys):
    train = write_dialogues(tmp_path / "train.jsonl.gz", 20)
    stc3.main(["--train", str(train), "--folds", "2", "--bag", "1"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("S NMD"))
    mean, low, high = (float(part.strip("[],")) for part in line.split()[2:5])
    assert low <= mean <= high
    assert line.endswith("n=20")
