"""Prometheus metrics of a worker: its work, and the length of the queues."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from indexer.flow.broker import QUEUES, Broker, Step
from kg.errors import AmmonError, DependencyMissing, SettingsInvalid

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


class PrometheusMeter:
    """The `indexer.flow.meter.Meter` for Prometheus. Safe for several threads."""

    def __init__(self) -> None:
        """Begin at zero. Raises: DependencyMissing."""
        try:
            from prometheus_client import CollectorRegistry, Counter, Histogram
        except ImportError as error:
            raise DependencyMissing("prometheus-client", "metrics") from error
        self.registry: CollectorRegistry = CollectorRegistry()

        def counter(name: str, told: str, labels: list[str]) -> Counter:
            return Counter(name, told, labels, namespace="ammon", registry=self.registry)

        self._steps = counter("tasks", "Steps processed.", ["step", "outcome"])
        self._documents = counter("documents", "Documents processed.", ["outcome"])
        self._passages = counter("passages", "Passages extracted.", ["outcome"])
        self._tokens = counter("tokens", "Tokens used by extractions.", ["direction"])
        self._seconds = Histogram(
            "task_seconds",
            "Duration of steps.",
            ["step"],
            buckets=_SECONDS,
            namespace="ammon",
            registry=self.registry,
        )

    def step(self, step: Step, seconds: float, *, failed: bool) -> None:
        self._steps.labels(step, "failed" if failed else "done").inc()
        self._seconds.labels(step).observe(seconds)

    def documents(self, *, done: int, failed: int) -> None:
        self._documents.labels("done").inc(done)
        self._documents.labels("failed").inc(failed)

    def passage(self, *, input_tokens: int, output_tokens: int, failed: bool) -> None:
        self._passages.labels("quarantined" if failed else "done").inc()
        self._tokens.labels("input").inc(input_tokens)
        self._tokens.labels("output").inc(output_tokens)

    def watch(self, broker: Broker, waiting: Callable[[], Mapping[str, int]]) -> None:
        """At each scrape, report the waiting messages, and the waiting documents of each
        collection."""
        self.registry.register(_Waiting(broker, waiting))

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Serve Prometheus metrics at this address; call the returned function to stop.

        Raises: SettingsInvalid.
        """
        from prometheus_client import start_http_server

        try:
            server, thread = start_http_server(port, addr=host, registry=self.registry)
        except OSError as error:
            raise SettingsInvalid(
                f"Cannot serve metrics on {host}, port {port}: {error.strerror or error}. Choose "
                "another metrics_port; 0 turns metrics off."
            ) from error

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return close


class _Waiting:
    """Gauges that are computed when they are scraped."""

    def __init__(self, broker: Broker, waiting: Callable[[], Mapping[str, int]]) -> None:
        self._broker = broker
        self._waiting = waiting

    def collect(self) -> "Iterable[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        depth = GaugeMetricFamily(
            "ammon_queue_depth", "Messages that no worker has received.", labels=["queue"]
        )
        for queue in QUEUES:
            found = self._broker.depth(queue)
            if found is None:
                break  # the broker is unavailable, which is logged elsewhere
            depth.add_metric([queue], found)
        yield depth
        documents = GaugeMetricFamily(
            "ammon_documents_waiting", "Documents queued or being indexed.", labels=["collection"]
        )
        try:
            for collection, number in self._waiting().items():
                documents.add_metric([collection], number)
        except AmmonError:
            return  # the store is unavailable; the other metrics are still valid
        yield documents
