"""Erasing a customer's data (删除客户数据)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.dependencies import ServiceDep, needs
from api.schemas.erasure import ErasureOut, NewErasure
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.erasure import erase_calls, erase_customer

router = APIRouter(prefix="/v1/erasures", tags=["删除客户数据"])


@router.post("", response_model=ErasureOut, summary="删除一位客户的数据")
def erase(
    body: NewErasure, service: ServiceDep, caller: Annotated[Caller, needs(Permission.ERASE)]
) -> ErasureOut:
    """删除原文、脱敏文本、客户编号、随路数据和引文，不可恢复；分数和哈希链不变。

    可以重复调用：已经删除的不再计入。删除之前做的备份里仍有（加密的）原文，请按备份的保留期限处理。
    """
    with service.work(caller) as work:
        if body.customer_id is not None:
            erased = erase_customer(work, body.customer_id, only_count=body.only_count)
        else:
            erased = erase_calls(work, body.transcript_ids or (), only_count=body.only_count)
        return ErasureOut.of(erased, only_count=body.only_count)
