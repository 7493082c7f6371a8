"""What answers look like: the schemas that the views write with, shown as components of the document.

Every answer in JSON is ``{"data": ..., "meta": {...}, "links": {...}}``; every error is a problem document (RFC 9457).
Members that are texts for people come in both languages, whatever ``lang`` says.
"""

from openapi.components.areas import AreaDetailSchema, AreaSchema
from openapi.components.datasets import (
    AgentSchema,
    ChangesSchema,
    CodeSchema,
    ColumnSchema,
    DatasetSchema,
    DimensionSchema,
    FileSchema,
    LicenseSchema,
    OriginSchema,
    ProvenanceSchema,
    ReasonSchema,
    ReleaseSchema,
    ReleaseSummarySchema,
    RollbackSchema,
)
from openapi.components.envelope import (
    CountMetaSchema,
    EmptyMetaSchema,
    FacetMetaSchema,
    IndicatorMetaSchema,
    SmartMetaSchema,
    listing,
    single,
)
from openapi.components.indicators import DefinitionSchema, IndicatorSchema, PairSchema
from openapi.components.node import CatalogueStateSchema, HeldSchema, IndexSchema, StatusSchema
from openapi.components.observations import (
    AvailabilitySchema,
    ObservationMetaSchema,
    ObservationSchema,
    ObstacleSchema,
    RepairSchema,
)
from openapi.components.problems import ProblemItemSchema, ProblemSchema
from openapi.components.services import ServiceSchema, StepFindingSchema
from openapi.components.vision import (
    HorizonSchema,
    RoadmapItemSchema,
    RoadmapSchema,
    RolloutRowSchema,
    SmartSchema,
    StepSchema,
    TargetStateSchema,
    ThemeSchema,
    TrackSchema,
)

__all__ = [
    "AgentSchema",
    "AreaDetailSchema",
    "AreaSchema",
    "AvailabilitySchema",
    "CatalogueStateSchema",
    "ChangesSchema",
    "CodeSchema",
    "ColumnSchema",
    "CountMetaSchema",
    "DatasetSchema",
    "DefinitionSchema",
    "DimensionSchema",
    "EmptyMetaSchema",
    "FacetMetaSchema",
    "FileSchema",
    "HeldSchema",
    "HorizonSchema",
    "IndexSchema",
    "IndicatorMetaSchema",
    "IndicatorSchema",
    "LicenseSchema",
    "ObservationMetaSchema",
    "ObservationSchema",
    "ObstacleSchema",
    "OriginSchema",
    "PairSchema",
    "ProblemItemSchema",
    "ProblemSchema",
    "ProvenanceSchema",
    "ReasonSchema",
    "ReleaseSchema",
    "ReleaseSummarySchema",
    "RepairSchema",
    "RoadmapItemSchema",
    "RoadmapSchema",
    "RollbackSchema",
    "RolloutRowSchema",
    "ServiceSchema",
    "SmartMetaSchema",
    "SmartSchema",
    "StatusSchema",
    "StepFindingSchema",
    "StepSchema",
    "TargetStateSchema",
    "ThemeSchema",
    "TrackSchema",
    "listing",
    "single",
]
