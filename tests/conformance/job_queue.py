"""What every queue must do. A store's test class inherits this and gives `store`."""

from tests.conformance.queue_appending import AppendingConformance
from tests.conformance.queue_filling import FillingConformance
from tests.conformance.queue_jobs import JobsConformance
from tests.conformance.queue_leases import LeasesConformance
from tests.conformance.queue_order import OrderConformance
from tests.conformance.queue_progress import ProgressConformance
from tests.conformance.queue_pruning import PruningConformance


class JobQueueConformance(
    AppendingConformance,
    FillingConformance,
    JobsConformance,
    LeasesConformance,
    OrderConformance,
    ProgressConformance,
    PruningConformance,
):
    """Behaviour of the port `kg.queue.JobQueue`."""
