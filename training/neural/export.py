"""ONNX export. The encoder multiplies in 8-bit integers, token by token (see ``tokenwise``).

All other weights are stored in 8 bits and widened once at loading; their arithmetic stays in float32.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.neural.artifact import DIALOGUE, ENCODER, TOKENIZER
from training.neural.base_encoder import BaseEncoder
from training.neural.network import Panel
from training.neural.samples import INPUTS, Sample
from training.neural.tokenwise import integer_products
from training.neural.vectors import pooled

OPSET = 17
_WORTH_IT = 4096  # values from which a tensor is stored narrow
_LIMIT = 127.0


class _Pooled(torch.nn.Module):
    """The encoder with pooling inside, so that serving needs one call."""

    def __init__(self, base: BaseEncoder) -> None:
        super().__init__()
        self.model: torch.nn.Module = base.model
        self.pools = base.pools

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return pooled(self.model, ids, mask, self.pools)


def export_encoder(base: BaseEncoder, folder: Path) -> None:
    """Write graph and tokenizer: ``ids``, ``mask`` (n, length) int64 → ``vectors`` (n, width) float32."""
    ids = torch.tensor([[0, 5, 6, 2], [0, 7, 2, 1]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    axes = {"ids": {0: "n", 1: "length"}, "mask": {0: "n", 1: "length"}, "vectors": {0: "n"}}
    spoken = getattr(base.model.config, "_attn_implementation", None)
    base.model.set_attn_implementation("eager")  # exports to fewer and faster nodes
    model = _traced(_Pooled(base).eval(), (ids, mask), ["ids", "mask"], ["vectors"], axes)
    if spoken is not None:
        base.model.set_attn_implementation(spoken)
    integer_products(model)
    _write(model, folder / ENCODER)
    (folder / TOKENIZER).write_text(base.tokenizer.to_str(), encoding="utf-8")


def export_panel(panel: Panel, sample: Sample, folder: Path) -> None:
    """Write the dialogue models as one graph: any number of conversations of one and the same length.

    The graph carries the note ``centre``, the average utterance vector of training: what a hidden turn
    is given to explain a verdict.
    """
    rows = (torch.from_numpy(np.asarray(getattr(sample, name))) for name in INPUTS)
    # Two rows: what is traced with one would stay with one.
    example = tuple(torch.stack([row, row]) for row in rows)
    turns = {name: {0: "n", 1: "length"} for name in (*INPUTS[:4], "turns")}
    wholes = {name: {0: "n"} for name in (*INPUTS[4:], "topics", "outcomes")}
    names = ["turns", "topics", "outcomes"]
    centre = torch.stack([member.get_buffer("centre") for member in panel.members]).mean(0)
    model = _traced(panel.eval(), example, list(INPUTS), names, turns | wholes)
    model.metadata_props.add(key="centre", value=json.dumps([round(value, 5) for value in centre.tolist()]))
    _write(model, folder / DIALOGUE)


def _traced(
    module: torch.nn.Module,
    example: tuple[torch.Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    axes: dict[str, dict[int, str]],
) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        path = Path(folder) / "traced.onnx"
        torch.onnx.export(
            module, example, str(path), dynamo=False, opset_version=OPSET,
            input_names=list(inputs), output_names=list(outputs), dynamic_axes=axes,
        )  # fmt: skip
        return onnx.load(path)


def _write(model: onnx.ModelProto, path: Path) -> None:
    narrow(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def narrow(model: onnx.ModelProto) -> None:
    """Store every large float32 tensor as int8 with one scale a row of its longest side, in place."""
    graph = model.graph
    kept, before = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < _WORTH_IT or values.ndim < 2:
            kept.append(tensor)
            continue
        axis = int(np.argmax(values.shape))
        others = tuple(i for i in range(values.ndim) if i != axis)
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True) / _LIMIT, 1e-12).astype(np.float32)
        name = tensor.name
        kept.append(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}.int8"))
        kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
        before.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.wide"], to=TensorProto.FLOAT))
        before.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]))
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*before, *nodes])
