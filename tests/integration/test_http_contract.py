"""The API keeps what its OpenAPI document says, whatever is sent to it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from retrieval.modes import MODES
from server.http.app import create_app
from tests.doubles.house import open_house, settings_in

PROBLEM = "application/problem+json"
DOCUMENT: dict[str, Any] = create_app(settings_in(Path()), open_house).openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", mode)
    for path, methods in DOCUMENT["paths"].items()
    for method, found in methods.items()
    for mode in GenerationMode
    if mode == GenerationMode.POSITIVE or {"parameters", "requestBody"} & found.keys()
]
"""Each with what it accepts; those that accept anything at all also with what they do not."""

REFUSALS = {
    "checks": {"negative_data_rejection": {"expected-statuses": [400, 404, 409, 413, 415, 422]}}
}
"""413: too many items may be too many bytes as well; 415: a body that is no JSON at all."""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The document as a running app serves it; the app runs until the process ends."""
    app = create_app(settings_in(tmp_path_factory.mktemp("data")), open_house)
    made = openapi.from_asgi("/openapi.json", app, config=SchemathesisConfig.from_dict(REFUSALS))
    made["/api/v1/collections"]["POST"].Case(body={"name": "papers"}).call()
    return made


@pytest.mark.parametrize(("operation", "mode"), OPERATIONS)
def test_every_answer_is_described(schema: Any, operation: str, mode: GenerationMode) -> None:
    method, path = operation.split()
    # Which names a collection may have is said in Unicode's words, which no schema knows.
    excluded = [positive_data_acceptance] if operation == "POST /api/v1/collections" else []

    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if mode == GenerationMode.POSITIVE and method != "DELETE" and case.path_parameters:
            case.path_parameters.update({"name": "papers"} if "{name}" in path else {})
        if mode == GenerationMode.POSITIVE and path.endswith("/query"):
            for aid in ("bridges", "recognition", "rerank"):  # which there are, settings say
                case.body.pop(aid, None)
        case.call_and_validate(excluded_checks=excluded)

    send()


def operations() -> list[dict[str, Any]]:
    return [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_every_operation_has_a_readable_id_a_tag_and_a_summary() -> None:
    for operation in operations():
        assert operation["operationId"].replace("_", "").isalpha()
        assert operation["tags"]
        assert operation["summary"]
    ids = [operation["operationId"] for operation in operations()]
    assert len(set(ids)) == len(ids)


def test_every_error_is_described_as_a_problem() -> None:
    for operation in operations():
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == [PROBLEM]


def test_requests_have_examples() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("CollectionIn", "DocumentIn", "QuestionIn", "Problem"):
        assert schemas[name]["examples"]


def test_every_mode_can_be_asked_for() -> None:
    mode = DOCUMENT["components"]["schemas"]["QuestionIn"]["properties"]["mode"]
    assert set(mode["enum"]) == set(MODES)


def test_health_is_described_with_its_reasons() -> None:
    assert "503" in DOCUMENT["paths"]["/api/v1/health/ready"]["get"]["responses"]
