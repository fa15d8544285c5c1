"""The settings: everything that can be set, with its default and what it means."""

import json
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import platformdirs
from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from inference.embedder import Kind
from server.settings import addresses

PREFIX = "AMMON_"
OPENAI = "https://api.openai.com/v1"

Level: TypeAlias = Literal["debug", "info", "warning", "error"]


class Settings(BaseSettings):
    """All settings. The constructor reads neither environment nor file: `load` does."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("ammon"))
    """The folder that holds everything: store, snapshots, caches."""
    collection: str = "default"
    """The collection that commands use when they name none."""

    store: Literal["sqlite", "neo4j"] = "sqlite"
    """Where the graph is kept: sqlite (a file in data_dir) or neo4j (for several machines)."""
    neo4j_uri: Annotated[str, AfterValidator(addresses.neo4j_uri)] = "bolt://127.0.0.1:7687"
    """The address of Neo4j when store is neo4j: bolt://HOST:PORT, or neo4j://HOST:PORT for a
    cluster."""
    neo4j_user: str = "neo4j"
    """The Neo4j user."""
    neo4j_password: SecretStr = SecretStr("")
    """The Neo4j user's password."""
    neo4j_database: str = "neo4j"
    """The Neo4j database; it may hold other data too, under other labels."""
    neo4j_browser_url: str = "http://127.0.0.1:7474"
    """The address of Neo4j Browser, used in links to it."""

    snapshot_url: Annotated[str, AfterValidator(addresses.snapshot_url)] = ""
    """Where snapshots are kept for servers on several machines: s3://bucket/folder or another URL
    that fsspec knows. Default: in `data_dir`."""
    snapshot_endpoint: str = ""
    """The address of an S3 server other than Amazon's. Default: AWS_ENDPOINT_URL."""
    snapshot_access_key: str = ""
    """The S3 access key id. Default: found as AWS tools find it (AWS_ACCESS_KEY_ID, …)."""
    snapshot_secret_key: SecretStr = SecretStr("")
    """The S3 secret key."""

    extractor: str = "spacy"
    """The extractor of entities and facts in new collections: spacy[:MODEL], llm[:MODEL] or
    precomputed:FILE."""
    embedder: str = "minilm"
    """The embedder of new collections: minilm, onnx:PATH, sentence-transformers:NAME or
    openai[:MODEL]."""
    passage_tokens: int = Field(default=256, ge=0, le=100_000)
    """The longest passage of new collections, in the embedder's tokens; 0 keeps documents whole."""
    overlap_tokens: int = Field(default=0, ge=0, le=100_000)
    """How much of the end of a passage the next one repeats, in tokens."""

    llm_base_url: Annotated[str, AfterValidator(addresses.endpoint)] = OPENAI
    """The OpenAI-compatible endpoint of the chat model."""
    llm_api_key: SecretStr = SecretStr("")
    """The key for it; local servers need none."""
    llm_model: str = "gpt-4o-mini"
    """The chat model's name there, unless the extractor names one."""
    llm_timeout: float = Field(default=120.0, gt=0)
    """Seconds that one answer may take."""
    llm_concurrency: int = Field(default=4, ge=1, le=256)
    """Maximum number of concurrent requests to the chat model."""
    llm_requests_per_minute: int = Field(default=0, ge=0)
    """Maximum number of requests per minute; 0: no limit."""
    llm_tokens_per_minute: int = Field(default=0, ge=0)
    """Maximum number of tokens per minute, input and output together; 0: no limit."""
    llm_price_input: float = Field(default=0.0, ge=0)
    """Price of a million input tokens, in any currency; 0: unknown."""
    llm_price_output: float = Field(default=0.0, ge=0)
    """Price of a million output tokens; 0: unknown."""
    first_tier: bool = True
    """Whether documents that a chat model will read are first indexed without it (by spaCy), so
    that they are searchable at once; the chat model's extraction then replaces that one."""

    bridges: bool = False
    """Whether the chat model splits each question into steps, which are searched for too."""
    recognition: bool = False
    """Whether the chat model moves the passages that help to the top of the results."""
    reranker: str = ""
    """The cross-encoder that re-orders results: sentence-transformers:NAME. Default: none."""

    embedding_base_url: Annotated[str, AfterValidator(addresses.endpoint)] = OPENAI
    """The OpenAI-compatible endpoint of the embedder openai:MODEL."""
    embedding_api_key: SecretStr = SecretStr("")
    """The key for it."""
    embedding_model: str = "text-embedding-3-small"
    """The embedding model's name there, unless the embedder names one."""
    embedding_instructions: Annotated[dict[Kind, str], NoDecode] = Field(default_factory=dict)
    """The prefix for texts of each kind, as JSON: {"query": "query: ", "passage": "passage: "}; the
    kinds are passage, sentence, entity, fact, query and query_to_fact. Default: the known prefixes
    of the model's family (E5, BGE, Nomic, Qwen3)."""
    embedding_timeout: float = Field(default=120.0, gt=0)
    """Seconds that one answer may take."""
    embedding_question_timeout: float = Field(default=10.0, gt=0)
    """Seconds that a question waits for its embedding in total; then it is refused (503)."""
    embedding_dimensions: int = Field(default=0, ge=0)
    """Dimensions to request, for models that can shorten their vectors; 0: all."""
    embedding_max_tokens: int = Field(default=8191, ge=1)
    """The longest text that the model reads, at four bytes per token; longer texts are cut."""
    embedding_concurrency: int = Field(default=4, ge=1, le=256)
    """Maximum number of concurrent requests to the embedding model."""
    embedding_requests_per_minute: int = Field(default=0, ge=0)
    """Maximum number of requests per minute; 0: no limit."""
    embedding_tokens_per_minute: int = Field(default=0, ge=0)
    """Maximum number of tokens per minute; 0: no limit."""
    embedding_threads: int = Field(default=0, ge=0, le=256)
    """How many texts a local embedder processes at once; 0: one for each core."""
    vector_device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where FAISS searches vectors and sentence-transformers runs: cpu, cuda (an NVIDIA GPU, or an
    error), or auto: a GPU if there is one and it is worth it."""
    embedding_cache_gb: float = Field(default=16.0, ge=0)
    """The largest size of the embedding cache, in GB, before its oldest entries are dropped;
    snapshots keep what is in use. 0: no limit."""

    max_file_mb: int = Field(default=100, ge=1)
    """Larger files are refused."""
    max_expanded_mb: int = Field(default=200, ge=1)
    """Compressed files (docx) that expand to more are refused."""
    max_request_mb: int = Field(default=128, ge=1)
    """Larger HTTP requests are refused."""

    broker_url: str = ""
    """The broker for workers in several processes or on several machines (`ammon worker`): Redis
    (redis://host:6379/0) or RabbitMQ (amqp://user:password@host//). Default: none; threads of this
    process do the work."""
    redis_url: str = ""
    """The Redis through which processes share the rate limits of model endpoints. Default:
    broker_url if that is a Redis; otherwise each process keeps its own limits."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """The port where a worker serves Prometheus metrics; 0: none."""
    metrics_host: str = "127.0.0.1"
    """The address where it serves them."""
    job_retention_days: int = Field(default=30, ge=0, le=36_500)
    """Days after the last activity in a job until the job and the texts of its failed documents are
    deleted; what is in the graph stays. 0: jobs are never deleted."""
    worker_threads: int = Field(default=1, ge=1, le=64)
    """How many threads index documents; more than one helps with model endpoints."""
    host: str = "127.0.0.1"
    """The address that `ammon serve` listens on."""
    port: int = Field(default=8321, ge=0, le=65535)
    """The port of `ammon serve`; 0: any free port."""
    processes: int = Field(default=1, ge=1, le=256)
    """How many processes `ammon serve` runs; they share models and snapshots. More than one needs a
    system that can fork, such as Linux."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names, separated by commas, that requests may address besides those of loopback; *
    allows all. Default: only loopback, but a server that listens on another address allows all."""
    request_threads: int = Field(default=16, ge=1, le=512)
    """How many HTTP requests are processed at once; others wait."""
    open_collections: int = Field(default=256, ge=1)
    """How many collections a process keeps open; beyond that, the one queried longest ago is closed
    and reopened when it is needed."""
    log_level: Level | None = None
    """debug, info, warning or error. Default: info for `ammon serve`, error for other commands."""
    log_format: Literal["console", "json"] = "console"
    """The format of log lines: console for people, json for programs."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("embedding_instructions", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the constructor's arguments: `load` reads the environment and the file."""
        return (init_settings,)
