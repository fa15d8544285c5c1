"""Problem details (RFC 9457): the format of all error responses."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from kg.errors import (
    AmmonError,
    Conflict,
    InputError,
    ModelUnavailable,
    NotFound,
    SnapshotError,
    StoreUnavailable,
)
from kg.validation import as_unicode
from server.http.wording import message_of, place_of, unreadable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
_JSON = re.compile(r"application/(.+\+)?json")
"""Content types whose bodies are parsed as JSON."""

_STATUS: tuple[tuple[type[AmmonError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (InputError, 422),
    (StoreUnavailable, 503),
    (ModelUnavailable, 503),
    (SnapshotError, 503),
    (AmmonError, 500),
)


class FieldProblem(BaseModel):
    """A problem with one part of a request."""

    field: str = Field(description="Location of the problem: body.question, query.limit, …")
    message: str


class Problem(BaseModel):
    """An error."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:ammon:problem:collection-not-found",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no collection 'papers'.",
                    "instance": "/api/v1/collections/papers",
                }
            ]
        }
    )

    type: str = Field(description="The kind of error, for programs.")
    title: str = Field(description="The status as text.")
    status: int
    detail: str = Field(description="What happened, to what, and what to do about it.")
    instance: str = Field(description="The path of the request.")
    errors: list[FieldProblem] = Field(
        default_factory=list, description="The invalid parts of the request."
    )


def problem(
    status: int,
    kind: str,
    detail: str,
    instance: str,
    *,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The response for an error.

    The detail may quote half of a surrogate pair from the request, which no response can contain.
    """
    body = Problem(
        type=f"urn:ammon:problem:{kind}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=as_unicode(detail),
        instance=as_unicode(instance),
        errors=errors or [],
    )
    extra = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    return JSONResponse(
        body.model_dump(exclude_defaults=True),
        status,
        headers={**extra, **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes the error responses of an operation."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer all errors of an app with problem details; for unexpected ones see `middleware`."""
    app.add_exception_handler(AmmonError, _ammon_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


def _ammon_error(request: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    if isinstance(error, SnapshotError) and "name" in request.path_params:
        error.name_collection(request.path_params["name"])
    return problem(status, _kebab(type(error).__name__), str(error), request.url.path)


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is installed for
    if refused := _no_json(request, error):
        return refused
    errors = [_field_problem(found) for found in error.errors()]
    detail = "; ".join(f"{found.field}: {found.message}" for found in errors)
    return problem(422, "request-invalid", detail, request.url.path, errors=errors)


def _no_json(request: Request, error: RequestValidationError) -> JSONResponse | None:
    """The answer to a body that was not parsed as JSON because of its content type, as with curl's
    default."""
    given = request.headers.get("content-type", "")
    kind = given.split(";")[0].strip().lower()
    whole = any(tuple(found["loc"]) == ("body",) for found in error.errors())
    if not whole or not isinstance(error.body, bytes) or _JSON.fullmatch(kind):
        return None
    detail = (
        f"The request has {f'the content type {given!r}' if given else 'no content type'}. Send "
        "JSON, with the header content-type: application/json."
    )
    return problem(415, "unsupported-media-type", detail, request.url.path)


def _field_problem(found: Mapping[str, Any]) -> FieldProblem:
    """One of pydantic's errors, in our words."""
    return FieldProblem(field=as_unicode(place_of(found)), message=as_unicode(message_of(found)))


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is installed for
    kind = _kebab(HTTPStatus(error.status_code).name.title().replace("_", ""))
    headers = dict(error.headers or {})
    cause = error.__cause__  # FastAPI's own words do not say why it could not read a body
    detail = unreadable(cause) if error.status_code == 400 and cause else str(error.detail)
    return problem(error.status_code, kind, detail, request.url.path, headers=headers)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
