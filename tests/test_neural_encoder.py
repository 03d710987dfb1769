"""The exported encoder: a vector is a matter of its text alone, and close to what the encoder says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from neural_samples import needs_training

from models.neural.artifact import ENCODER, TOKENIZER
from models.neural.encoder import UtteranceEncoder
from models.neural.runtime import Graph, Pieces

pytestmark = needs_training

SENTENCES = [
    "请问还有什么可以帮您",
    "我要投诉你们",
    "你们这服务太差了我要打客服热线！",
    "钱什么时候能退给我",
    "物流怎么还没到",
    "订单一直不动，麻烦查一下",
    "好的谢谢再见",
    "?",
    "在吗",
    "亲，非常抱歉给您带来不好的体验，我这边马上为您核实处理，请您稍等片刻，不要离开哦",
]
LONG = "上个月买的洗衣机一直漏水，报修三次都没人来。" * 40


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    from training.neural.base_encoder import cut, load_base
    from training.neural.export import export_encoder

    folder = tmp_path_factory.mktemp("encoder")
    base = replace(cut(load_base(), 2, SENTENCES), prefix="", pools=(0, 1, 2))
    export_encoder(base, folder)
    return base, (folder / ENCODER).read_bytes(), (folder / TOKENIZER).read_text(encoding="utf-8")


@pytest.fixture
def fresh(exported):
    _, graph, pieces = exported
    return lambda **more: UtteranceEncoder(Graph(graph, 1), Pieces(pieces), "", **more)


def test_law_a_vector_does_not_depend_on_its_company(fresh):
    texts = [*SENTENCES, LONG]
    together = fresh().vectors(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(fresh().vectors([text])[0], vector)
    assert np.array_equal(fresh().vectors(texts[::-1])[::-1], together)


def test_a_forgotten_text_is_read_again_with_the_same_result(fresh):
    small = fresh(capacity=2)
    first = small.vectors(SENTENCES)
    assert len(small._known) == 2
    assert np.array_equal(small.vectors(SENTENCES), first)


def test_texts_that_differ_only_in_masks_and_figures_share_a_vector(fresh):
    one, other = fresh().vectors(["[订单编号1]什么时候到", "[订单编号2]什么时候到"])
    assert np.array_equal(one, other)


def test_integer_products_stay_close_to_the_encoder(exported, fresh):
    from training.neural.vectors import encode

    base, *_ = exported
    exact, served = encode(base, SENTENCES), fresh().vectors(SENTENCES)
    served = served / np.linalg.norm(served, axis=1, keepdims=True)
    assert (exact * served).sum(axis=1).min() > 0.998
    # All vectors point much the same way; what tells texts apart is left when the mean is taken off.
    exact, served = exact - exact.mean(0), served - served.mean(0)
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(served, axis=1)
    assert ((exact * served).sum(axis=1) / lengths).min() > 0.98


def test_every_product_with_weights_is_an_integer_product(exported):
    import onnx

    base, graph, _ = exported
    kinds = [node.op_type for node in onnx.load_from_string(graph).graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 6 * base.model.config.num_hidden_layers


def test_the_export_leaves_the_encoder_as_it_was(exported):
    base, *_ = exported
    assert base.model.config._attn_implementation == "sdpa"


def test_rows_of_zeros_stay_zeros():
    from onnx import TensorProto, checker, helper, numpy_helper

    from training.neural.tokenwise import integer_products

    weights = numpy_helper.from_array(np.eye(4, 3, dtype=np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "weights"], ["out"])],
        "tiny",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert integer_products(model) == 1
    checker.check_model(model)
    rows = np.array([[0, 0, 0, 0], [1, -2, 4, 8], [1e-3, 2e-3, -1e-3, 0]], dtype=np.float32)
    (out,) = Graph(model.SerializeToString(), 1)({"rows": rows})
    assert np.abs(out - rows[:, :3]).max() <= 8 / 127
    assert (out[0] == 0).all()
    assert np.abs(out[2] - rows[2, :3]).max() <= 2e-3 / 127
