"""Makes the extractor or embedder of a given name (see `server.settings.specs`), and other
adapters."""

from dataclasses import replace
from pathlib import Path
from threading import Event

from indexer.extraction import Extractor
from inference.chat import ChatModel
from inference.embedder import Embedder
from inference.instructions import Instructions, wanted_by
from inference.openai_compatible import Endpoint
from inference.openai_compatible.limits import IN_PROCESS
from inference.reranker import Reranker
from kg.errors import SettingsInvalid
from kg.snapshot.objects import Objects
from kg.snapshot.urls import open_objects
from server.folders import Folders
from server.settings import OPENAI, Settings, specs

_LONGEST_AID = 60.0
"""The longest that a question waits for a chat model, in seconds."""
_QUESTIONS_KEPT = 16_000_000
"""Size of each ONNX model's cache of token states, in bytes: some 300 questions."""


def make_extractor(name: str, settings: Settings, stopping: Event | None = None) -> Extractor:
    """The extractor of that name; once `stopping` is set, it no longer retries failed model calls.

    Raises: SettingsInvalid, WeightsInvalid, InputError.
    """
    match specs.split(name):
        case "spacy", model:
            from indexer.extraction.spacy import SpacyExtractor

            return SpacyExtractor(model) if model else SpacyExtractor()
        case "llm", model if model:
            from indexer.extraction.llm import LLMExtractor
            from inference.openai_compatible import OpenAIChatModel

            chat = OpenAIChatModel(_llm(model, settings, stopping))
            spool = Folders(settings.data_dir).answers
            return LLMExtractor(chat, concurrency=settings.llm_concurrency, spool=spool)
        case "precomputed", path if path:
            from indexer.extraction.precomputed import PrecomputedExtractor

            return PrecomputedExtractor(Path(path))
    raise SettingsInvalid(f"Unknown extractor {name!r}: choose {specs.EXTRACTORS}.")


def make_objects(settings: Settings) -> Objects | None:
    """The object store of the snapshots; None if they are kept in the data folder. Raises:
    SettingsInvalid, DependencyMissing."""
    if not settings.snapshot_url:
        return None
    given = {
        "endpoint_url": settings.snapshot_endpoint,
        "key": settings.snapshot_access_key,
        "secret": settings.snapshot_secret_key.get_secret_value(),
    }
    return open_objects(
        settings.snapshot_url, {name: value for name, value in given.items() if value}
    )


def make_embedder(name: str, settings: Settings, stopping: Event | None = None) -> Embedder:
    """The embedder of that name; `stopping` as in `make_extractor`.

    Raises: SettingsInvalid, WeightsInvalid, DependencyMissing.
    """
    match specs.split(name):
        case ("minilm", "") | ("onnx", _) as parts:
            from inference.onnx import OnnxEmbedder

            weights = Path(parts[1]) if parts[1] else None
            return OnnxEmbedder(
                weights,
                threads=settings.embedding_threads,
                instructions=_instructions(parts[1], settings),
                most_kept=_QUESTIONS_KEPT,
            )
        case "sentence-transformers", model if model:
            from inference.sentence_transformers import SentenceTransformerEmbedder

            return SentenceTransformerEmbedder(
                model,
                instructions=_instructions(model, settings),
                device=settings.vector_device,
            )
        case "openai", model if model:
            from inference.openai_compatible import OpenAIEmbedder

            return OpenAIEmbedder(
                _embedding(model, settings, stopping),
                dimensions=settings.embedding_dimensions or None,
                max_tokens=settings.embedding_max_tokens,
                instructions=_instructions(model, settings),
                question_patience=settings.embedding_question_timeout,
            )
    raise SettingsInvalid(f"Unknown embedder {name!r}: choose {specs.EMBEDDERS}.")


def _instructions(model: str, settings: Settings) -> Instructions:
    """The instructions in the settings, or else those that the model is known to expect."""
    return settings.embedding_instructions or wanted_by(model)


def make_chat_model(settings: Settings) -> ChatModel:
    """The chat model that assists with questions: it is tried once and not waited for long.

    Raises: SettingsInvalid if none is set.
    """
    from inference.openai_compatible import OpenAIChatModel

    endpoint = _llm(settings.llm_model, settings)
    patience = min(settings.llm_timeout, _LONGEST_AID)
    return OpenAIChatModel(replace(endpoint, attempts=1), patience=patience)


def make_reranker(settings: Settings) -> Reranker:
    """The reranker of the settings. Raises: SettingsInvalid."""
    kind, name = specs.split(settings.reranker)
    if kind != "sentence-transformers" or not name:
        what = f"Unknown reranker {settings.reranker!r}" if kind else "No reranker is set"
        raise SettingsInvalid(
            f"{what}: set AMMON_RERANKER (for example "
            "sentence-transformers:cross-encoder/ms-marco-MiniLM-L6-v2)."
        )
    from inference.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(name, device=settings.vector_device)


def _llm(model: str, settings: Settings, stopping: Event | None = None) -> Endpoint:
    if settings.llm_base_url.rstrip("/") == OPENAI and not settings.llm_api_key.get_secret_value():
        raise SettingsInvalid(
            "No chat model is set: set AMMON_LLM_BASE_URL and AMMON_LLM_MODEL (for example "
            "http://localhost:11434/v1, which needs no key), or AMMON_LLM_API_KEY to use OpenAI."
        )
    return Endpoint(
        base_url=settings.llm_base_url,
        model=model,
        api_key=settings.llm_api_key.get_secret_value(),
        timeout=settings.llm_timeout,
        concurrency=settings.llm_concurrency,
        requests_per_minute=settings.llm_requests_per_minute,
        tokens_per_minute=settings.llm_tokens_per_minute,
        limits_url=_limits_url(settings),
        stopping=stopping or Event(),
    )


def _embedding(model: str, settings: Settings, stopping: Event | None) -> Endpoint:
    return Endpoint(
        base_url=settings.embedding_base_url,
        model=model,
        api_key=settings.embedding_api_key.get_secret_value(),
        timeout=settings.embedding_timeout,
        concurrency=settings.embedding_concurrency,
        requests_per_minute=settings.embedding_requests_per_minute,
        tokens_per_minute=settings.embedding_tokens_per_minute,
        limits_url=_limits_url(settings),
        settings="AMMON_EMBEDDING",
        stopping=stopping or Event(),
    )


def _limits_url(settings: Settings) -> str:
    broker = settings.broker_url
    return settings.redis_url or (broker if broker.startswith("redis") else IN_PROCESS)
