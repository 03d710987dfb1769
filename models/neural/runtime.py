"""The only place that touches onnxruntime and tokenizers; their troubles become ``ModelError``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.errors import ArtifactCorrupt, ModelError

Arrays = Mapping[str, np.ndarray]


class Graph:
    """One ONNX graph on the CPU.

    ``batched``: whether it takes any number of rows at once (the first axis of every input is free).

    Raises:
        ModelError: onnxruntime is not installed.
        ArtifactCorrupt: the bytes are no graph onnxruntime can run.
    """

    def __init__(self, content: bytes, threads: int) -> None:
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as state
        except ImportError as error:
            raise ModelError(
                "没有安装 onnxruntime，请重新安装 qa-engine，或运行 pip install onnxruntime"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A worker that spins between calls would take the core of the worker beside it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except (
            state.Fail,
            state.InvalidArgument,
            state.InvalidGraph,
            state.InvalidProtobuf,
            state.NotImplemented,
        ) as error:
            raise ArtifactCorrupt("神经模型的 ONNX 图无法加载") from error
        self.batched: bool = all(not isinstance(one.shape[0], int) for one in self._session.get_inputs())
        self._notes: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def numbers(self, name: str) -> np.ndarray | None:
        """(k,) float32 numbers noted in the graph under ``name``; None when there is no such note.

        Raises:
            ArtifactCorrupt: the note holds something else.
        """
        if name not in self._notes:
            return None
        try:
            return np.array(json.loads(self._notes[name]), dtype=np.float32).reshape(-1)
        except (ValueError, TypeError) as error:
            raise ArtifactCorrupt("神经模型的 ONNX 图所附的数值无法读取") from error

    def __call__(self, inputs: Arrays) -> list[np.ndarray]:
        """Run the graph; outputs in its own order."""
        outputs: list[np.ndarray] = self._session.run(None, dict(inputs))
        return outputs


class Pieces:
    """Texts to token ids, without padding.

    Raises:
        ModelError: tokenizers is not installed.
        ArtifactCorrupt: the content is no tokenizer.
    """

    def __init__(self, content: str) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelError("没有安装 tokenizers，无法运行神经模型") from error
        try:
            known = json.loads(content)["model"]["type"]
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactCorrupt("神经模型的 tokenizer.json 无法加载") from error
        if known not in ("Unigram", "WordPiece", "BPE", "WordLevel"):
            raise ArtifactCorrupt("神经模型的 tokenizer.json 无法加载")
        self._tokenizer: Any = Tokenizer.from_str(content)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of every text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
