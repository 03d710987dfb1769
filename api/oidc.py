"""Logging in by OIDC, where the settings name a provider."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from fastapi import APIRouter, Cookie, Depends, Query, Request
from fastapi.responses import RedirectResponse

from api.dependencies import RatesDep, ServiceDep, nobody
from api.sessions import set_session_cookie
from qa_engine.domain.refusal import NotFound
from qa_engine.service import Caller, Service
from qa_engine.services.oidc import PATIENCE, Departure, Provider, not_vouched
from qa_engine.services.oidc_accounts import ClaimNames, log_in_by_oidc
from qa_engine.store.sealing import Keyring, Unsealable

router = APIRouter(prefix="/v1/oidc", tags=["登录"])
COOKIE: Final = "qa_engine_oidc"
_PATH: Final = "/v1/oidc"
_CONTEXT: Final = "oidc-departure"
Word = Annotated[str, Query(min_length=1, max_length=4096)]
Nobody = Annotated[Caller, Depends(nobody)]


@router.get(
    "/login",
    status_code=303,
    response_class=RedirectResponse,
    responses={404: {"description": "没有设置统一身份登录"}},
    summary="统一身份登录",
)
def leave(request: Request, service: ServiceDep, rates: RatesDep, caller: Nobody) -> RedirectResponse:
    """转到统一身份服务（OIDC）登录；没有设置时为 404。"""
    provider = _provider(service)
    rates.admit_login(caller.address or "")
    address, departure = provider.send_away(_return_address(request, service), service.clock())
    answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(
        COOKIE,
        _sealed(service.keyring, departure),
        max_age=int(PATIENCE.total_seconds()),
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=service.settings.https_only,
    )
    return answer


@router.get(
    "/callback",
    status_code=303,
    response_class=RedirectResponse,
    responses={404: {"description": "没有设置统一身份登录"}},
    summary="统一身份登录返回",
)
def come_back(
    request: Request,
    service: ServiceDep,
    rates: RatesDep,
    caller: Nobody,
    state: Annotated[Word | None, Query(description="原样带回的 state")] = None,
    code: Annotated[Word | None, Query(description="一次性授权码")] = None,
    sealed: Annotated[str | None, Cookie(alias=COOKIE, max_length=4096)] = None,
) -> RedirectResponse:
    """统一身份服务登录后转回这里；成功则建立会话并转到首页。"""
    provider = _provider(service)
    rates.admit_login(caller.address or "")
    if sealed is None or state is None or code is None:
        raise not_vouched()
    arrival = provider.receive(
        _opened(service.keyring, sealed),
        state=state,
        code=code,
        redirect_uri=_return_address(request, service),
        now=service.clock(),
    )
    settings = service.settings
    names = ClaimNames(
        settings.oidc_role_claim,
        settings.oidc_teams_claim,
        settings.oidc_lines_claim,
        settings.oidc_agent_claim,
    )
    with service.work(caller) as work:
        opened = log_in_by_oidc(
            work, arrival.issuer, arrival.subject, arrival.claims, names, settings.session_hours
        )
    answer = RedirectResponse("/", status_code=303)
    set_session_cookie(answer, service, opened)
    answer.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="lax", secure=settings.https_only)
    return answer


def _provider(service: Service) -> Provider:
    settings = service.settings
    if not settings.oidc_issuer:
        raise NotFound("统一身份登录", "OIDC log-in")
    secret = settings.oidc_client_secret
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value() if secret else None
    )


def _return_address(request: Request, service: Service) -> str:
    public = service.settings.public_url
    return f"{public.rstrip('/')}{_PATH}/callback" if public else str(request.url_for("come_back"))


def _sealed(keyring: Keyring, departure: Departure) -> str:
    key_id, sealed = keyring.seal(departure.dump(), _CONTEXT)
    return f"{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def _opened(keyring: Keyring, cookie: str) -> Departure:
    key_id, _, sealed = cookie.partition(".")
    try:
        return Departure.parse(
            keyring.open_sealed(key_id, base64.b64decode(sealed, altchars=b"-_", validate=True), _CONTEXT)
        )
    except (Unsealable, binascii.Error, ValueError):
        raise not_vouched() from None
