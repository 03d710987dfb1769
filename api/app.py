"""The application: every router there is, around one service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import iter_modules

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

import api
from api import errors, openapi
from api.guarding import BodyLimit, SecurityHeaders
from api.instruments import Instruments
from api.landing import STATIC
from api.requests import RequestLayer
from api.running import Running
from api.starting import start
from qa_engine import __version__
from qa_engine.logs import quieten_access
from qa_engine.service import Service
from qa_engine.settings import Settings

_OTHERS = 32


def build(
    settings: Settings | None = None, *, service: Service | None = None, running: Running | None = None
) -> FastAPI:
    """Build the application.

    Args:
        settings: how it runs; the environment's when left out.
        service: an open service to use instead of opening one; it is not closed at the end.
        running: a service that has been started already, to be used as it is.
    """
    given = running.service if running is not None else service
    chosen = given.settings if given is not None else settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = given if given is not None else await to_thread.run_sync(Service.open, chosen)
        # Requests that wait to be judged must not keep others from being answered.
        to_thread.current_default_thread_limiter().total_tokens = chosen.max_scoring + _OTHERS
        try:
            app.state.service = opened
            app.state.running = running or await to_thread.run_sync(start, opened)
            yield
        finally:
            if given is None:
                await to_thread.run_sync(opened.close)

    app = FastAPI(
        title=openapi.TITLE,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=_operation_id,
    )
    instruments = Instruments()
    app.state.settings = chosen
    app.state.instruments = instruments
    for router in routers():
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    errors.install(app)
    openapi.install(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, settings=chosen)
    app.add_middleware(RequestLayer, instruments=instruments)
    app.add_middleware(SecurityHeaders, secure=chosen.https_only)
    # Whoever serves this without our own command logs as they please, but never addresses with their values.
    quieten_access()
    return app


def _operation_id(route: APIRoute) -> str:
    """A name that generated clients can live with, e.g. ``reviews_claim``."""
    noun = route.path.removeprefix("/v1/").split("/")[0].replace("-", "_").replace(".", "_")
    return f"{noun}_{route.name}" if noun else route.name


def routers() -> Iterator[APIRouter]:
    """The ``router`` of every module of this package that has one, by name."""
    for module in sorted(iter_modules(api.__path__), key=lambda found: found.name):
        if module.ispkg or module.name in {"app"}:
            continue
        router = getattr(import_module(f"{api.__name__}.{module.name}"), "router", None)
        if isinstance(router, APIRouter):
            yield router


__all__ = ["Running", "build", "routers"]
