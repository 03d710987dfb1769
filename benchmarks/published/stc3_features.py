"""What the dialogue model of STC-3 reads: shape, cues, predicted nuggets, and compressed characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from published.stc3_data import Dialogue, Floats
from published.stc3_turns import char_counts

# Cues written from knowledge of the language of complaints and thanks, not taken from the data.
CUES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"谢|感谢|3q|thx|thank",
        r"好的|好吧|好滴|嗯|恩|收到|知道了|明白|ok",
        r"\?|？|吗|怎么|为什么|啥|何时|多久",
        r"垃圾|坑|骗|差|烂|无语|失望|投诉|恶心|气|忽悠|推|敷衍|霸王|无耻|服了|呵呵|妈|狗|屁",
        r"还是|仍|一直|又|依然|几天|多次|天了|没人|没有",
        r"解决|可以了|好了|恢复|成功|搞定|正常|有了|行了",
        r"\[(?:泪|怒|抓狂|衰|委屈|可怜|鄙视|晕|汗|伤心|哼|失望|生病|弱)",
        r"\[(?:呵呵|嘻嘻|哈哈|爱你|心|可爱|太开心|good|赞|鲜花|给力|微笑|害羞|握手|威武|兔子)",
        r"!|！",
        r"私信|电话|号码|手机号|邮箱|联系",
        r"抱歉|不好意思|对不起|歉意|谅解|见谅",
        r"http|网址|登录|点击|可以通过|建议|您可",
        r"核实|反馈|转|登记|处理|跟进|尽快|稍后",
        r"请问|是否|什么",
        r"支持|喜欢|棒|不错|满意|给力|厉害|期待|加油|贴心|开心|赞|第一",
        r"\d{5,}",
        r"@",
    )
)
CUE_CAP = 4


def _cues(text: str) -> list[float]:
    return [float(min(len(cue.findall(text)), CUE_CAP)) for cue in CUES]


def _last(texts: Sequence[str]) -> str:
    return texts[-1] if texts else ""


def dense_row(dialogue: Dialogue, shares: Floats) -> Floats:
    """Shape, cue counts and predicted nugget ``shares`` (turns, 4) of one dialogue as one row."""
    customer, agent = dialogue.said_by(True), dialogue.said_by(False)
    count, mine = len(dialogue.texts), np.array(dialogue.from_customer)
    closes = float(mine[-1])
    all_customer, all_agent, final = " ".join(customer), " ".join(agent), dialogue.texts[-1]
    row = [float(count == size) for size in range(2, 8)] + [closes, float(count), float(mine.sum())]
    opening, answer = (customer or [""])[0], (agent or [""])[0]
    sized = (opening, _last(customer), answer, _last(agent), all_customer, all_agent)
    row += [float(np.log1p(len(text))) for text in (*sized, final)]
    later = _last(customer) if len(customer) > 1 else ""
    for text in (opening, later, _last(agent), final, all_customer, all_agent):
        row += _cues(text)
    nothing = np.zeros((1, shares.shape[1]))
    asked = shares[mine] if mine.any() else nothing
    told = (shares[~mine] if not mine.all() else nothing)[:, :3]
    before = shares[-2] if count > 1 else nothing[0]
    parts = [asked.max(0), told.max(0), asked.sum(0), told.sum(0), asked[-1], told[-1], told[0], asked[0]]
    parts += [shares[-1], before, closes * shares[-1]]
    ever = [1 - np.prod(1 - asked[:, 2]), 1 - np.prod(1 - told[:, 1])]
    return np.concatenate([row, *parts, ever, [float(len(set(agent)) < len(agent))]])


def text_views(dialogues: Sequence[Dialogue]) -> list[sp.csr_matrix]:
    """Character counts of five readings: customer, agent, last of each, and the final turn."""
    sides = [(dialogue.said_by(True), dialogue.said_by(False)) for dialogue in dialogues]
    views = [
        [" ".join(customer) for customer, _ in sides],
        [" ".join(agent) for _, agent in sides],
        [_last(customer) for customer, _ in sides],
        [_last(agent) for _, agent in sides],
        [dialogue.texts[-1] for dialogue in dialogues],
    ]
    return [char_counts(view) for view in views]


def compress(counts: sp.csr_matrix, train: NDArray[np.int64], size: int, seed: int) -> Floats:
    """TF-IDF and truncated SVD learnt on the ``train`` rows, applied to all; directions by importance."""
    weighing = TfidfTransformer(sublinear_tf=True).fit(counts[train])
    weighed = weighing.transform(counts)
    size = min(size, len(train) - 1)
    directions = TruncatedSVD(size, n_iter=2, random_state=seed).fit(weighed[train])
    return directions.transform(weighed)


def rotate(vectors: Floats, train: NDArray[np.int64], size: int, seed: int) -> Floats:
    """Principal directions of dense ``vectors`` learnt on the ``train`` rows, applied to all."""
    size = min(size, len(train), vectors.shape[1])
    directions = PCA(size, svd_solver="randomized", random_state=seed).fit(vectors[train])
    return directions.transform(vectors)
