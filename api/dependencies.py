"""What routes are given: the service, and a caller who has proved who they are and may do it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import cache
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, FastAPI, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.rates import Rates
from qa_engine.domain.access import Permission, Principal
from qa_engine.domain.refusal import ForgedRequest, PasswordChangeDue, Unauthenticated
from qa_engine.service import ITSELF, Caller, Service
from qa_engine.services.api_keys import known_key, note_use
from qa_engine.services.sessions import Visitor, visitor_of

COOKIE: Final = "qa_engine_session"
CSRF_HEADER: Final = "X-CSRF-Token"
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})

_key_scheme = HTTPBearer(
    scheme_name="ApiKey",
    description=(
        "系统调用：`Authorization: Bearer <API 密钥>`。密钥由管理员经 `/v1/api-keys` 创建，只显示一次。"
    ),
    auto_error=False,
)
_cookie_scheme = APIKeyCookie(
    name=COOKIE,
    scheme_name="Session",
    description="人员登录：`POST /v1/sessions` 之后由浏览器携带；修改类请求还须带请求头 `X-CSRF-Token`。",
    auto_error=False,
)


def the_service(request: Request) -> Service:
    """The service of this process."""
    service: Service = request.app.state.service
    return service


def the_rates(request: Request) -> Rates:
    """The counters of this process (made with the first request)."""
    return rates_of(request.app)


def rates_of(app: FastAPI) -> Rates:
    """The counters of an app, made when they are first asked for."""
    state = app.state
    if not hasattr(state, "rates"):
        state.rates = Rates(state.service.settings)
    rates: Rates = state.rates
    return rates


ServiceDep = Annotated[Service, Depends(the_service)]
RatesDep = Annotated[Rates, Depends(the_rates)]
KeyDep = Annotated[HTTPAuthorizationCredentials | None, Security(_key_scheme)]
CookieDep = Annotated[str | None, Security(_cookie_scheme)]


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy, what the server was told to trust."""
    return request.client.host[:64] if request.client else "unknown"


def request_id_of(request: Request) -> str | None:
    """The id the request goes by in logs and in the audit."""
    request_id = getattr(request.state, "request_id", None)
    return None if request_id is None else str(request_id)[:64]


def nobody(request: Request) -> Caller:
    """The caller of routes that need no proof (logging in); the service itself acts for it."""
    return Caller(ITSELF.principal, request_id_of(request), address_of(request))


def visiting(
    request: Request, service: ServiceDep, rates: RatesDep, key: KeyDep, cookie: CookieDep
) -> Caller:
    """Who asks, even one who must change the password first.

    Raises:
        Unauthenticated: no key and no session, or one that is not (or no longer) valid.
        ForgedRequest: a change by cookie without the session's CSRF token.
        TooManyRequests: this caller (or, unknown, this address) asks too often.
    """
    return _caller(request, service, rates, key, cookie)[0]


def signed_in(
    request: Request, service: ServiceDep, rates: RatesDep, key: KeyDep, cookie: CookieDep
) -> Caller:
    """Who asks; whoever must change the password first is refused.

    Raises:
        PasswordChangeDue: the password must be changed first.
        Unauthenticated, ForgedRequest, TooManyRequests: as ``visiting``.
    """
    caller, must_change = _caller(request, service, rates, key, cookie)
    if must_change:
        raise PasswordChangeDue
    return caller


_Allowed = Callable[[Caller], Coroutine[Any, Any, Caller]]
_Dependency = TypeVar("_Dependency", bound=Callable[..., Any])
_permissions: dict[Callable[..., Any], Permission] = {}


@cache
def _allowed(permission: Permission) -> _Allowed:
    async def allowed(caller: Annotated[Caller, Security(signed_in)]) -> Caller:
        caller.principal.require(permission)
        return caller

    _permissions[allowed] = permission
    return allowed


def needs(permission: Permission) -> Any:
    """What to annotate a route's caller with: ``Annotated[Caller, needs(Permission.REVIEW)]``."""
    return Security(_allowed(permission))


def insists_on(permission: Permission) -> Callable[[_Dependency], _Dependency]:
    """Say of a dependency that is not made by ``needs`` which permission it insists on."""

    def noted(dependency: _Dependency) -> _Dependency:
        _permissions[dependency] = permission
        return dependency

    return noted


def permission_behind(dependency: Callable[..., Any] | None) -> Permission | None:
    """The permission a dependency insists on; None when it insists on none."""
    return None if dependency is None else _permissions.get(dependency)


def _caller(
    request: Request,
    service: Service,
    rates: Rates,
    key: HTTPAuthorizationCredentials | None,
    cookie: str | None,
) -> tuple[Caller, bool]:
    try:
        if key is not None:
            principal, must_change = _by_key(service, key.credentials), False
        elif cookie:
            visitor = _by_cookie(request, service, cookie)
            principal, must_change = visitor.principal, visitor.must_change_password
        else:
            raise Unauthenticated
    except Unauthenticated:
        rates.admit_stranger(address_of(request))
        raise
    caller = Caller(principal, request_id_of(request), address_of(request))
    # The log line of the request names who asked (``api/requests.py``).
    request.state.caller = caller
    rates.admit(principal.actor)
    return caller, must_change


def _by_key(service: Service, sent: str) -> Principal:
    with service.look() as work:
        known = known_key(work, sent)
    if known.use_unnoted:
        with service.work() as work:
            note_use(work, known.id)
    return known.principal


def _by_cookie(request: Request, service: Service, cookie: str) -> Visitor:
    with service.look() as work:
        visitor = visitor_of(work, cookie)
    if request.method not in _HARMLESS and not visitor.sent(request.headers.get(CSRF_HEADER)):
        raise ForgedRequest
    return visitor
