"""API keys of systems."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.dependencies import ServiceDep, needs
from api.schemas.api_keys import ApiKeyOut, CreatedApiKey, NewApiKey
from api.schemas.common import ApiKeyId, Cursor, Limit, PageOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.api_keys import create_key, list_keys, revoke_key

router = APIRouter(prefix="/v1/api-keys", tags=["API 密钥"])
Manager = Annotated[Caller, needs(Permission.MANAGE_KEYS)]


@router.get("", response_model=PageOut[ApiKeyOut], summary="密钥列表")
def keys(
    service: ServiceDep, caller: Manager, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[ApiKeyOut]:
    """全部密钥，新的在前；不含密钥本身。"""
    with service.look(caller) as work:
        page = list_keys(work, cursor=cursor, limit=limit)
        return PageOut(items=[ApiKeyOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("", response_model=CreatedApiKey, status_code=201, summary="新建密钥")
def add_key(body: NewApiKey, service: ServiceDep, caller: Manager) -> CreatedApiKey:
    """新建密钥。完整密钥只在这次回答里出现，之后只存哈希。"""
    with service.work(caller) as work:
        created = create_key(
            work,
            name=body.name,
            scopes=body.scopes,
            business_lines=body.business_lines,
            teams=body.teams,
            expires_at=body.expires_at,
        )
        return CreatedApiKey.of(created)


@router.delete("/{key_id}", response_model=ApiKeyOut, summary="吊销密钥")
def revoke(key_id: ApiKeyId, service: ServiceDep, caller: Manager) -> ApiKeyOut:
    """立即吊销；已吊销的再吊销一次没有影响。"""
    with service.work(caller) as work:
        return ApiKeyOut.of(revoke_key(work, key_id))
