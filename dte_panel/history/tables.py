"""The tables. What they are now; how they came to be so is in ``migrations``."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

assessment = Table(
    "assessment",
    metadata,
    Column("id", String(64), primary_key=True),  # SHA-256 of the evidence's file
    Column("subject", Text, nullable=False),
    Column("use_case", Text, nullable=False),
    Column("created", String(25), nullable=False),  # UTC, ISO 8601 to the second: sorts as text
    Column("verdict", String(16), nullable=False),
    Column("policy", Text, nullable=False),
    Column("policy_sha256", String(64), nullable=False),
    Column("counts", Text, nullable=False),  # of the required checks, as JSON
    Column("document", LargeBinary, nullable=False),  # the evidence, canonical JSON, zlib
    Index("assessment_subject", "subject", "created"),
)

measurement = Table(
    "measurement",
    metadata,
    Column("assessment", String(64), ForeignKey("assessment.id", ondelete="CASCADE"), nullable=False),
    Column("metric", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("column_name", Text, nullable=False),  # empty where there is none
    Column("across", Text, nullable=False),
    Column("window", Text, nullable=False),
    Column("cohort", Text, nullable=False),  # canonical JSON
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("n", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Index("measurement_place", "metric", "column_name", "assessment"),
    Index("measurement_assessment", "assessment"),
)
