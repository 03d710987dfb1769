"""Whether the service lives, whether it is ready, and its figures for Prometheus."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from api.dependencies import CookieDep, KeyDep, RatesDep, ServiceDep, insists_on, signed_in
from api.gauges import StoredFigures
from api.readiness import readiness
from api.running import running_of
from api.schemas.operations import HealthOut, ReadyOut
from qa_engine import __version__
from qa_engine.domain.access import Permission
from qa_engine.service import ITSELF, Caller

router = APIRouter(tags=["运维"])
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


@router.get("/healthz", response_model=HealthOut, summary="进程是否在运行")
async def health() -> HealthOut:
    """Answers as long as the process does; needs no identity."""
    return HealthOut(status="ok", version=__version__)


@router.get(
    "/readyz",
    response_model=ReadyOut,
    summary="是否可以接受请求",
    responses={503: {"model": ReadyOut, "description": "不要把请求发来，原因见 checks"}},
)
def ready(request: Request, response: Response) -> ReadyOut:
    """Tells what is missing, if anything: 503 when requests should go elsewhere. Needs no identity."""
    found = readiness(running_of(request.app))
    if found.status == "not_ready":
        response.status_code = 503
        response.headers["Retry-After"] = "5"
    return found


def from_here(request: Request) -> bool:
    """True when the request comes from this very machine and no proxy passed it on."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@insists_on(Permission.READ_OPERATIONS)
def operator(
    request: Request, service: ServiceDep, rates: RatesDep, key: KeyDep, cookie: CookieDep
) -> Caller:
    """Whoever may read figures of the service: this machine itself, or ``operations:read``.

    Raises:
        Unauthenticated: neither.
        Forbidden: known, but not allowed.
    """
    if key is None and cookie is None and from_here(request):
        return ITSELF
    caller = signed_in(request, service, rates, key, cookie)
    caller.principal.require(Permission.READ_OPERATIONS)
    return caller


@router.get(
    "/metrics",
    summary="Prometheus 指标",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "指标"}},
)
def metrics(request: Request, service: ServiceDep, caller: Annotated[Caller, Depends(operator)]) -> Response:
    """Counters of this process and the queues of the whole installation, in Prometheus' text format."""
    with service.look(caller) as work:
        stored = CollectorRegistry()
        stored.register(StoredFigures(work))
        body = generate_latest(request.app.state.instruments.registry) + generate_latest(stored)
    return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)
