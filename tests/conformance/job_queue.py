"""What every queue must do. A store's test class inherits this and gives `store`."""

from tests.conformance.queue_jobs import JobsConformance
from tests.conformance.queue_leases import LeasesConformance


class JobQueueConformance(JobsConformance, LeasesConformance):
    """Behaviour of the port `kg.jobs.JobQueue`."""
