"""Logging in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.dependencies import COOKIE, CookieDep, KeyDep, RatesDep, ServiceDep, nobody, visiting
from api.schemas.users import SessionOut, SignIn
from qa_engine.domain.refusal import Unauthenticated
from qa_engine.service import Caller, Service
from qa_engine.services.login import credential_of, prove, settle_login
from qa_engine.services.principals import principal_of_user
from qa_engine.services.sessions import OpenedSession, csrf_of, end_session, visitor_of

router = APIRouter(prefix="/v1/sessions", tags=["登录"])


@router.post("", response_model=SessionOut, status_code=201, summary="登录")
def log_in(
    body: SignIn,
    response: Response,
    service: ServiceDep,
    rates: RatesDep,
    caller: Annotated[Caller, Depends(nobody)],
) -> SessionOut:
    """用登录名和密码登录，得到会话 cookie 和 CSRF 令牌。连续失败的账号会被短暂锁定。"""
    rates.admit_login(caller.address or "")
    with service.look(caller) as work:
        credential = credential_of(work, body.login)
    proof = prove(credential, body.password)
    with service.work(caller) as work:
        opened = settle_login(work, proof, service.settings.session_hours)
    if opened is None:
        raise Unauthenticated(
            "登录名或密码不对，账号已停用，或因多次失败被暂时锁定。",
            "Wrong log-in or password, or the account is inactive or locked for a while.",
        )
    set_session_cookie(response, service, opened)
    return SessionOut.of(
        principal_of_user(opened.user),
        must_change=opened.user.must_change_password,
        csrf=opened.csrf,
        expires_at=opened.expires_at,
    )


@router.get("/current", response_model=SessionOut, summary="我是谁")
def current(
    service: ServiceDep, caller: Annotated[Caller, Depends(visiting)], key: KeyDep, cookie: CookieDep
) -> SessionOut:
    """当前会话或 API 密钥的角色、权限和 CSRF 令牌。"""
    if key is not None or cookie is None:
        return SessionOut.of(caller.principal, must_change=False, csrf=None, expires_at=None)
    with service.look(caller) as work:
        visitor = visitor_of(work, cookie)
        csrf = csrf_of(work, cookie)
    return SessionOut.of(
        visitor.principal,
        must_change=visitor.must_change_password,
        csrf=csrf,
        expires_at=visitor.expires_at,
    )


@router.delete("/current", status_code=204, summary="退出登录")
def log_out(
    response: Response, service: ServiceDep, caller: Annotated[Caller, Depends(visiting)], cookie: CookieDep
) -> None:
    """结束当前会话。API 密钥没有会话，什么也不会发生。"""
    if cookie is not None and caller.principal.kind == "user":
        with service.work(caller) as work:
            end_session(work, cookie)
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=service.settings.https_only
    )


def set_session_cookie(response: Response, service: Service, opened: OpenedSession) -> None:
    """Hand the session's token to the browser, out of reach of scripts and foreign pages."""
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=int(service.settings.session_hours * 3600),
        path="/",
        httponly=True,
        samesite="lax",
        secure=service.settings.https_only,
    )
