"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.1."""
    op.create_table(
        "assessment",
        sa.Column("id", sa.String(64), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("subject", "use_case")),
        sa.Column("created", sa.String(25), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("policy_sha256", sa.String(64), nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("assessment_subject", "assessment", ["subject", "created"])
    op.create_table(
        "measurement",
        sa.Column("assessment", sa.String(64), sa.ForeignKey("assessment.id", ondelete="CASCADE"), nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("column_name", "across", "window", "cohort")),
        *(sa.Column(name, sa.Double) for name in ("value", "low", "high")),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
    )
    op.create_index("measurement_place", "measurement", ["metric", "column_name", "assessment"])
    op.create_index("measurement_assessment", "measurement", ["assessment"])
