"""The first tables of cases, and the rule that acts are only added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ONLY_ADDED = "acts of a case are only added"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "phalanx_case",
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("is_held", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
        sa.Column("pending", sa.Integer, nullable=False),
        comment="What every case is now, for lists; it follows from the acts.",
    )
    op.create_table(
        "phalanx_case_act",
        sa.Column("case_id", sa.String(64), sa.ForeignKey("phalanx_case.case_id"),
                  primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        comment=(
            "Everything that was done, each act after the one before it. Rows are only added."
        ),
    )  # fmt: skip
    op.create_table(
        "phalanx_case_item",
        sa.Column("case_id", sa.String(64), sa.ForeignKey("phalanx_case.case_id"),
                  primary_key=True),
        sa.Column("item_id", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_destroyed", sa.Integer, nullable=False),
        comment="Which files cases need.",
    )  # fmt: skip
    op.create_index("phalanx_case_item_by_file", "phalanx_case_item", ["sha256"])
    op.create_table(
        "phalanx_case_logged",
        sa.Column("ledger", sa.Text, primary_key=True),
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "number"], ["phalanx_case_act.case_id", "phalanx_case_act.number"]
        ),
        comment="Which event of which ledger an act became.",
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER phalanx_case_act_no_{verb.lower()} "
                f"BEFORE {verb} ON phalanx_case_act "
                f"BEGIN SELECT RAISE(ABORT, '{_ONLY_ADDED}'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION phalanx_case_act_only_added() RETURNS trigger AS "
            f"$$ BEGIN RAISE EXCEPTION '{_ONLY_ADDED}'; END $$ LANGUAGE plpgsql"
        )
        op.execute(
            "CREATE TRIGGER phalanx_case_act_only_added "
            "BEFORE UPDATE OR DELETE OR TRUNCATE ON phalanx_case_act "
            "FOR EACH STATEMENT EXECUTE FUNCTION phalanx_case_act_only_added()"
        )
