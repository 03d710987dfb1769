"""The turns a verdict rests on, as the shipped baseline names them: they are there, and they matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from grounds import GRIEVANCE, UPSET_AND_COLD, check_laws, log_odds, without_words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from models.base import Conversation
from models.baseline import load_baseline
from models.dialogue_features import outcome_features
from models.frame import PLACE, ROLES, Frame, RoleTurns, build_frame
from models.layers import pooled_layer
from models.silence import Silence, lay_out, reread

BASELINE = load_baseline()

words = st.sampled_from(
    [
        "您好",
        "我要投诉",
        "人呢",
        "？？",
        "不好意思",
        "退款",
        "谢谢",
        "没办法",
        "骗子",
        "已经帮您申请",
        "哦",
        "",
        " ",
        "不满意",
    ]
)
roles = st.sampled_from(["customer", "customer", "agent", "agent", "system"])
turns = st.tuples(roles, st.lists(words, max_size=3).map("".join))


@st.composite
def conversations(draw):
    said = draw(st.lists(turns, max_size=14))
    return Conversation(
        [role for role, _ in said], [text for _, text in said], draw(st.sampled_from(["chat", "voice"]))
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(conversations(), max_size=4))
def test_law_grounds_are_there_and_do_not_depend_on_the_company(chunk):
    together = BASELINE.predict(chunk)
    for conversation, output in zip(chunk, together, strict=True):
        check_laws(BASELINE, conversation, output)
        (alone,) = BASELINE.predict([conversation])
        assert alone.grounds == output.grounds


def test_the_only_grievance_is_what_a_complaint_rests_on():
    (said,) = BASELINE.predict([GRIEVANCE])
    (calm,) = BASELINE.predict([without_words(GRIEVANCE, 3)])
    assert said.complaint >= BASELINE.thresholds["complaint"] > calm.complaint
    first = said.grounds.complaint[0]
    assert first.turn == 3
    assert first.weight == pytest.approx(log_odds(said.complaint) - log_odds(calm.complaint), abs=1e-3)


def test_a_reply_that_does_not_soothe_rests_on_the_upset_customer_before_it():
    (said,) = BASELINE.predict([UPSET_AND_COLD])
    rested = {
        (turn, kind): [ground.turn for ground in found] for (turn, kind), found in said.grounds.faults.items()
    }
    assert rested[3, "no_soothing"][0] == 2
    assert rested[5, "no_soothing"][0] == 4
    assert all(found and max(found) < turn for (turn, _), found in rested.items())


def dropped(turns: RoleTurns, row: int, others: int) -> RoleTurns:
    keep = np.delete(np.arange(len(turns.turn)), row)
    spans = turns.spans - (turns.spans > row)
    heard = sparse.csr_matrix((len(keep), others), dtype=np.float32)
    return replace(
        turns, turn=turns.turn[keep], conversation=turns.conversation[keep], place=turns.place[keep],
        previous=turns.previous[keep], rank=turns.rank[keep], spans=spans, heard=heard,
    )  # fmt: skip


@pytest.mark.parametrize("start", [0, 1, 2])
def test_leaving_out_is_the_same_as_never_having_pooled_the_turn(start):
    """Every row is taken out of the tables one by one and the outcomes are pooled by the ordinary code."""
    one_sided = Conversation(["customer", "system"], ["人呢", "已接入"], "chat")
    chunk = [[one_sided, GRIEVANCE], [UPSET_AND_COLD, one_sided], [Conversation([], []), GRIEVANCE]][start]
    frame = build_frame(chunk)
    heard = BASELINE.turn_judge.hear(frame)
    found = np.concatenate([one.without for one in BASELINE.read(chunk)])
    for role in ROLES:
        other = "agent" if role == "customer" else "customer"
        for row, turn in enumerate(frame.of(role).turn):
            sides = {role: dropped(frame.of(role), row, len(frame.of(other).turn)), other: frame.of(other)}
            less = Frame(frame.sizes, sides["customer"], sides["agent"])
            keep = {role: np.delete(np.arange(len(frame.of(role).turn)), row), other: slice(None)}
            odds, cues, wording = (
                {r: getattr(heard, name)[r][keep[r]] for r in ROLES} for name in ("odds", "cues", "wording")
            )
            _, pooled = pooled_layer(BASELINE.weights, BASELINE.heads, less, wording)
            features = outcome_features(
                less, odds["customer"], odds["agent"], (cues["customer"], cues["agent"]), pooled
            )
            wanted = BASELINE.weights.outcome(features)[frame.of(role).conversation[row]]
            assert np.allclose(found[turn], wanted, atol=2e-4), (role, row)


UNANSWERED = Conversation(
    ["agent", "customer", "customer", "agent", "customer", "agent"],
    ["您好", "洗衣机漏水了", "师傅何时上门？", "亲", "气死人！", "嗯"],
    "voice",
)


@pytest.mark.parametrize("conversation", [GRIEVANCE, UNANSWERED])
def test_a_silenced_copy_says_what_reading_the_silenced_call_says(conversation):
    """Where no turn repeats another: a copy still counts the repetition of a silenced turn."""
    chunk = [UPSET_AND_COLD, conversation]
    frame = build_frame(chunk)
    assert not build_frame([conversation]).customer.place[:, PLACE.index("alike")].any()
    heard = BASELINE.turn_judge.hear(frame)
    silences = [Silence(1, turn, len(conversation.texts) - 1) for turn in range(len(conversation.texts))]
    copies = dict(reread(BASELINE.turn_judge, BASELINE._outcomes, frame, heard, silences))
    assert list(copies) == silences
    for silence, copy in copies.items():
        silent = without_words(conversation, silence.hidden)
        (wanted,) = BASELINE.read([silent])
        assert np.allclose(copy.outcomes, wanted.outcomes, atol=1e-4)
        agent = BASELINE.turn_judge.hear(build_frame([silent])).odds["agent"]
        assert list(copy.agent) == [t for t, role in enumerate(conversation.roles) if role == "agent"]
        assert np.allclose(np.stack(list(copy.agent.values())), agent, atol=1e-4)


def test_copies_keep_order_and_neighbours():
    frame = build_frame([GRIEVANCE, UPSET_AND_COLD])
    copies = lay_out(frame, [Silence(1, 0, 3), Silence(0, 3, 7)])
    plain = build_frame([Conversation(UPSET_AND_COLD.roles[:4], UPSET_AND_COLD.texts[:4], "chat"), GRIEVANCE])
    assert copies.frame.sizes == (4, 8)
    for role in ROLES:
        mine, wanted = copies.frame.of(role), plain.of(role)
        for name in ("turn", "conversation", "previous", "rank", "spans"):
            assert np.array_equal(getattr(mine, name), getattr(wanted, name)), (role, name)
        assert (mine.heard != wanted.heard).nnz == 0
        assert np.allclose(mine.place, wanted.place)


def test_the_very_first_turn_of_a_chunk_is_like_any_other():
    lonely = Conversation(["customer"], ["人呢"], "chat")
    first, second = BASELINE.predict([lonely, lonely])
    assert first.complaint == second.complaint


def test_a_fault_may_rest_on_a_bounded_number_of_turns_however_long_the_customer_wrote():
    said = BASELINE.read([UPSET_AND_COLD])[0].output
    faults = np.zeros((12, said.faults.shape[1]), dtype=np.float32)
    faults[11, 0] = 1.0
    burst = Conversation(["agent", *["customer"] * 10, "agent"], ["在的", *["人呢"] * 10, "哦"], "chat")
    (fault,) = BASELINE.explainer.faults(burst, replace(said, faults=faults))
    assert fault.candidates == (10, 9, 8, 7)
    pasted = Conversation(["customer"] * 3 + ["agent"] * 9, ["人呢"] * 3 + ["稍等"] * 8 + ["哦"], "chat")
    (fault,) = BASELINE.explainer.faults(pasted, replace(said, faults=faults))
    assert fault.candidates == (10, 2, 9, 8, 7, 1)
