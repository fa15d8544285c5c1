"""What every graph store must do. A store's test class inherits this and gives `store`."""

from tests.conformance.store_changes import ChangesConformance
from tests.conformance.store_collections import CollectionsConformance
from tests.conformance.store_documents import DocumentsConformance
from tests.conformance.store_extractions import ExtractionsConformance
from tests.conformance.store_graph import GraphConformance
from tests.conformance.store_reading import ReadingConformance
from tests.conformance.store_restoring import RestoringConformance
from tests.conformance.store_synonyms import SynonymsConformance
from tests.conformance.store_text import TextConformance


class GraphStoreConformance(
    CollectionsConformance,
    DocumentsConformance,
    GraphConformance,
    ExtractionsConformance,
    SynonymsConformance,
    ChangesConformance,
    ReadingConformance,
    RestoringConformance,
    TextConformance,
):
    """Behaviour of the port `kg.store.GraphStore`."""
