"""The FastAPI app: routers, error responses, middleware, and the lifespan of the core."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from server.core import Core
from server.http import problems
from server.http.hosts import Hosts
from server.http.middleware import BodyLimit, Requests
from server.http.routers import collections, documents, graph, health, jobs, query
from server.mirrors import swept
from server.settings import Settings

PREFIX = "/api/v1"
_TAGS = {
    "collections": "Sets of documents, each with its own graph.",
    "documents": "The documents of a collection.",
    "jobs": "Documents being indexed.",
    "query": "Questions, and the passages that together answer them.",
    "graph": "Entities, facts and their links.",
    "health": "Liveness and readiness, for monitoring.",
}


def create_app(settings: Settings, opener: Callable[[Settings], Core]) -> FastAPI:
    """Create the app. `opener` opens the core when the app starts; it is closed with the app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.request_threads
        core = await anyio.to_thread.run_sync(opener, settings)
        app.state.core = core
        core.worker.start()
        core.seen.watch()
        core.retrievers.watch(core.store.collections)
        try:
            with swept(core):
                yield
        finally:
            await anyio.to_thread.run_sync(core.close)

    app = _App(
        title="Ammon",
        summary="Index documents, and find the passages that together answer a question.",
        version=_version(),
        openapi_tags=[{"name": name, "description": told} for name, told in _TAGS.items()],
        generate_unique_id_function=_operation_id,
        responses=problems.responses(400, 403, 413, 415, 422, 500, 503),
        lifespan=lifespan,
    )
    api = APIRouter(prefix=PREFIX)
    for router in (collections, documents, jobs, query, graph, health):
        api.include_router(router.router)
    app.include_router(api)
    problems.install(app)
    app.add_middleware(BodyLimit, limit=settings.max_request_mb * 1_000_000)
    app.add_middleware(Hosts, settings=settings)
    app.add_middleware(Requests)
    return app


class _App(FastAPI):
    """FastAPI with the schema of our error responses in the OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, generated once."""
        made = super().openapi()
        template = "#/components/schemas/{model}"
        schema = problems.Problem.model_json_schema(ref_template=template)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        return made


def _operation_id(route: APIRoute) -> str:
    return route.name


def _version() -> str:
    try:
        return version("ammon")
    except PackageNotFoundError:
        return "0"
