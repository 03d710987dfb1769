"""Tables of the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("business_lines", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("teams", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_prefix"), "api_keys", ["prefix"], unique=True)
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(
        op.f("ix_audit_entries_action_at_id"), "audit_entries", ["action", "at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entries_actor_at_id"), "audit_entries", ["actor", "at", "id"], unique=False
    )
    op.create_index(op.f("ix_audit_entries_at_id"), "audit_entries", ["at", "id"], unique=False)
    op.create_index(
        op.f("ix_audit_entries_subject_at_id"), "audit_entries", ["subject", "at", "id"], unique=False
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("scorecard_key", sa.String(length=120), nullable=False),
        sa.Column("scorecard_digest", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("spooled", sa.Boolean(), nullable=False),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("submitted_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("expected", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_created_at_id"), "batches", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_batches_state"), "batches", ["state"], unique=False)
    op.create_table(
        "business_lines",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scorecard_key", sa.String(length=120), nullable=True),
        sa.Column("raw_days", sa.Integer(), nullable=True),
        sa.Column("masked_days", sa.Integer(), nullable=True),
        sa.Column("appeal_days", sa.Integer(), nullable=False),
        sa.Column("second_review", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_business_lines")),
    )
    op.create_table(
        "calibration_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scorecard_digest", sa.String(length=64), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("criteria", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reviewers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reports", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_sessions")),
    )
    op.create_table(
        "chain_heads",
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_chain_heads")),
    )
    op.create_table(
        "chain_links",
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_chain_links")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_chain_links_subject"), "chain_links", ["subject"], unique=False)
    op.create_table(
        "daily_cells",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("team", sa.String(length=120), nullable=False),
        sa.Column("skill_group", sa.String(length=120), nullable=False),
        sa.Column("agent_id", sa.String(length=120), nullable=False),
        sa.Column("scorecard_key", sa.String(length=120), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("critical", sa.Integer(), nullable=False),
        sa.Column("percent_sum", sa.BigInteger(), nullable=False),
        sa.Column("coverage_sum", sa.BigInteger(), nullable=False),
        sa.Column("resolution_judged", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Integer(), nullable=False),
        sa.Column("first_judged", sa.Integer(), nullable=False),
        sa.Column("first_resolved", sa.Integer(), nullable=False),
        sa.Column("satisfaction_n", sa.Integer(), nullable=False),
        sa.Column("satisfaction_sum", sa.BigInteger(), nullable=False),
        sa.Column("complaint_judged", sa.Integer(), nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.Column("emotion_n", sa.Integer(), nullable=False),
        sa.Column("emotion_sum", sa.BigInteger(), nullable=False),
        sa.Column("drops", sa.Integer(), nullable=False),
        sa.Column("open_drops", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("handle_n", sa.Integer(), nullable=False),
        sa.Column("handle_ms", sa.BigInteger(), nullable=False),
        sa.Column("silence_n", sa.Integer(), nullable=False),
        sa.Column("silence_of_ms", sa.BigInteger(), nullable=False),
        sa.Column("silence_ms", sa.BigInteger(), nullable=False),
        sa.Column("response_n", sa.Integer(), nullable=False),
        sa.Column("response_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day",
            "business_line",
            "team",
            "skill_group",
            "agent_id",
            "scorecard_key",
            name=op.f("pk_daily_cells"),
        ),
    )
    op.create_index(op.f("ix_daily_cells_agent_id_day"), "daily_cells", ["agent_id", "day"], unique=False)
    op.create_index(op.f("ix_daily_cells_day"), "daily_cells", ["day"], unique=False)
    op.create_index(op.f("ix_daily_cells_team_day"), "daily_cells", ["team", "day"], unique=False)
    op.create_table(
        "daily_counts",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("team", sa.String(length=120), nullable=False),
        sa.Column("skill_group", sa.String(length=120), nullable=False),
        sa.Column("agent_id", sa.String(length=120), nullable=False),
        sa.Column("scorecard_key", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "agent_id",
            "day",
            "business_line",
            "team",
            "skill_group",
            "scorecard_key",
            "name",
            name=op.f("pk_daily_counts"),
            # Written by hand: drafts of migrations leave it out.
            postgresql_include=["n"],
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "sampling_plans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=True),
        sa.Column("settings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("seed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sampling_plans")),
    )
    op.create_table(
        "scorecard_revisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("published_by", sa.String(length=200), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_revisions")),
    )
    op.create_index(op.f("ix_scorecard_revisions_digest"), "scorecard_revisions", ["digest"], unique=False)
    op.create_index(
        op.f("ix_scorecard_revisions_key_revision"), "scorecard_revisions", ["key", "revision"], unique=True
    )
    op.create_table(
        "span_counts",
        sa.Column("span", sa.String(length=11), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("team", sa.String(length=120), nullable=False),
        sa.Column("skill_group", sa.String(length=120), nullable=False),
        sa.Column("scorecard_key", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "span",
            "business_line",
            "team",
            "skill_group",
            "scorecard_key",
            "name",
            name=op.f("pk_span_counts"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("arguments", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_kind_created_at"), "tasks", ["kind", "created_at"], unique=False)
    op.create_index(op.f("ix_tasks_state"), "tasks", ["state"], unique=False)
    op.create_table(
        "transcripts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_ref", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(length=120), nullable=True),
        sa.Column("agent_name", sa.String(length=200), nullable=True),
        sa.Column("team", sa.String(length=120), nullable=True),
        sa.Column("skill_group", sa.String(length=120), nullable=True),
        sa.Column("customer_ref", sa.String(length=64), nullable=True),
        sa.Column("customer_tier", sa.String(length=120), nullable=True),
        sa.Column("customer_region", sa.String(length=120), nullable=True),
        sa.Column("duration_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("turn_count", sa.Integer(), nullable=False),
        sa.Column("attributes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("masked", sa.LargeBinary(), nullable=True),
        sa.Column("purge_raw_at", sa.BigInteger(), nullable=True),
        sa.Column("purge_masked_at", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcripts")),
    )
    op.create_index(
        op.f("ix_transcripts_customer_ref_happened_at"),
        "transcripts",
        ["customer_ref", "happened_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transcripts_external_ref_version"), "transcripts", ["external_ref", "version"], unique=True
    )
    op.create_index(op.f("ix_transcripts_key_id"), "transcripts", ["key_id"], unique=False)
    op.create_index(op.f("ix_transcripts_purge_masked_at"), "transcripts", ["purge_masked_at"], unique=False)
    op.create_index(op.f("ix_transcripts_purge_raw_at"), "transcripts", ["purge_raw_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("oidc_subject", sa.String(length=200), nullable=True),
        sa.Column("teams", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("business_lines", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("agent_id", sa.String(length=120), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_login"), "users", ["login"], unique=True)
    op.create_index(op.f("ix_users_oidc_subject"), "users", ["oidc_subject"], unique=True)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("business_lines", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "batch_chunks",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("chunk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_chunks_batch_id_batches")),
        sa.PrimaryKeyConstraint("batch_id", "chunk", name=op.f("pk_batch_chunks")),
    )
    op.create_index(
        op.f("ix_batch_chunks_batch_id_state"), "batch_chunks", ["batch_id", "state"], unique=False
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transcript_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_ref", sa.String(length=64), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("agent_id", sa.String(length=120), nullable=True),
        sa.Column("team", sa.String(length=120), nullable=True),
        sa.Column("skill_group", sa.String(length=120), nullable=True),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("scorecard_key", sa.String(length=120), nullable=False),
        sa.Column("scorecard_revision", sa.Integer(), nullable=False),
        sa.Column("scorecard_digest", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("engine_version", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=True),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("percent", sa.Double(), nullable=False),
        sa.Column("upper_percent", sa.Double(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("critical_failure", sa.Boolean(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("attitude_level", sa.SmallInteger(), nullable=True),
        sa.Column("resolution", sa.String(length=16), nullable=True),
        sa.Column("expected_satisfaction", sa.Double(), nullable=True),
        sa.Column("is_complaint", sa.Boolean(), nullable=True),
        sa.Column("emotion_index", sa.Double(), nullable=True),
        sa.Column("drops", sa.Integer(), nullable=False),
        sa.Column("open_drops", sa.Integer(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=True),
        sa.Column("priority", sa.Double(), nullable=True),
        sa.Column("handle_ms", sa.BigInteger(), nullable=True),
        sa.Column("silence_ms", sa.BigInteger(), nullable=True),
        sa.Column("response_ms", sa.BigInteger(), nullable=True),
        sa.Column("responses", sa.Integer(), nullable=True),
        sa.Column("final_percent", sa.Double(), nullable=False),
        sa.Column("final_passed", sa.Boolean(), nullable=True),
        sa.Column("review_state", sa.String(length=16), nullable=False),
        sa.Column("first_contact", sa.Boolean(), nullable=True),
        sa.Column("contacted_again", sa.Boolean(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_reports_transcript_id_transcripts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        postgresql_with={"toast_tuple_target": 256},
    )
    op.create_index(
        "ix_reports_agent",
        "reports",
        [
            "agent_id",
            "happened_at",
            "id",
            "current",
            "business_line",
            "team",
            "skill_group",
            "channel",
            "scorecard_key",
            "scorecard_revision",
            "final_percent",
            "final_passed",
            "critical_failure",
            "resolution",
            "is_complaint",
            "emotion_index",
            "needs_review",
            "review_state",
            "outcomes",
        ],
        unique=False,
    )
    op.create_index("ix_reports_batch", "reports", ["batch_id", "happened_at", "id"], unique=False)
    op.create_index(
        "ix_reports_current",
        "reports",
        ["external_ref", "scorecard_key"],
        unique=True,
        postgresql_where=sa.text("current"),
        sqlite_where=sa.text("current = 1"),
    )
    op.create_index("ix_reports_emotion", "reports", ["emotion_index"], unique=False)
    op.create_index("ix_reports_percent", "reports", ["final_percent"], unique=False)
    op.create_index(
        "ix_reports_team",
        "reports",
        [
            "team",
            "happened_at",
            "id",
            "current",
            "business_line",
            "agent_id",
            "skill_group",
            "channel",
            "scorecard_key",
            "scorecard_revision",
            "final_percent",
            "final_passed",
            "critical_failure",
            "resolution",
            "is_complaint",
            "emotion_index",
            "needs_review",
            "review_state",
            "outcomes",
        ],
        unique=False,
    )
    op.create_index(
        "ix_reports_time",
        "reports",
        [
            "happened_at",
            "id",
            "current",
            "business_line",
            "team",
            "agent_id",
            "skill_group",
            "channel",
            "scorecard_key",
            "scorecard_revision",
            "final_percent",
            "final_passed",
            "critical_failure",
            "resolution",
            "is_complaint",
            "emotion_index",
            "needs_review",
            "review_state",
            "outcomes",
        ],
        unique=False,
    )
    op.create_index(op.f("ix_reports_transcript_id"), "reports", ["transcript_id"], unique=False)
    op.create_table(
        "sample_draws",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("frame", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("drawn_by", sa.String(length=200), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["sampling_plans.id"], name=op.f("fk_sample_draws_plan_id_sampling_plans")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_draws")),
    )
    op.create_index(op.f("ix_sample_draws_plan_id_since"), "sample_draws", ["plan_id", "since"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("csrf_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("webhook_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=120), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id_webhooks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_deliveries_due", "webhook_deliveries", ["state", "due_at"], unique=False)
    op.create_index(
        op.f("ix_webhook_deliveries_webhook_id_id"), "webhook_deliveries", ["webhook_id", "id"], unique=False
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("targets", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.String(length=200), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_by", sa.String(length=200), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("team", sa.String(length=120), nullable=True),
        sa.Column("agent_id", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_appeals_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
    )
    op.create_index(op.f("ix_appeals_agent_id_filed_at"), "appeals", ["agent_id", "filed_at"], unique=False)
    op.create_index("ix_appeals_queue", "appeals", ["state", "filed_at", "id"], unique=False)
    op.create_index(op.f("ix_appeals_report_id"), "appeals", ["report_id"], unique=False)
    op.create_table(
        "batch_records",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("transcript_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("error", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_records_batch_id_batches")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_batch_records_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_batch_records_transcript_id_transcripts")
        ),
        sa.PrimaryKeyConstraint("batch_id", "seq", name=op.f("pk_batch_records")),
    )
    op.create_index(
        op.f("ix_batch_records_batch_id_chunk"), "batch_records", ["batch_id", "chunk"], unique=False
    )
    op.create_index("ix_batch_records_report", "batch_records", ["report_id"], unique=False)
    op.create_table(
        "calibration_marks",
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reviewer", sa.String(length=200), nullable=False),
        sa.Column("criterion", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_calibration_marks_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["calibration_sessions.id"],
            name=op.f("fk_calibration_marks_session_id_calibration_sessions"),
        ),
        sa.PrimaryKeyConstraint(
            "session_id", "report_id", "reviewer", "criterion", name=op.f("pk_calibration_marks")
        ),
    )
    op.create_table(
        "report_marks",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "report_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_report_marks_report_id_reports")
        ),
        sa.PrimaryKeyConstraint("name", "happened_at", "report_id", name=op.f("pk_report_marks")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_report_marks_report_id"), "report_marks", ["report_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("first_by", sa.String(length=200), nullable=True),
        sa.Column("second_by", sa.String(length=200), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("skipped_by", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("business_line", sa.String(length=120), nullable=False),
        sa.Column("team", sa.String(length=120), nullable=True),
        sa.Column("agent_id", sa.String(length=120), nullable=True),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_reviews_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(
        "ix_reviews_agent_queue", "reviews", ["agent_id", "state", "priority", "id"], unique=False
    )
    op.create_index(op.f("ix_reviews_claimed_by_state"), "reviews", ["claimed_by", "state"], unique=False)
    op.create_index("ix_reviews_decided", "reviews", ["state", "decided_at"], unique=False)
    op.create_index("ix_reviews_lease", "reviews", ["lease_until"], unique=False)
    op.create_index(
        "ix_reviews_line_queue", "reviews", ["business_line", "state", "priority", "id"], unique=False
    )
    op.create_index("ix_reviews_priority", "reviews", ["priority", "id"], unique=False)
    op.create_index("ix_reviews_queue", "reviews", ["state", "priority", "id"], unique=False)
    op.create_index(op.f("ix_reviews_report_id"), "reviews", ["report_id"], unique=True)
    op.create_index("ix_reviews_team_queue", "reviews", ["team", "state", "priority", "id"], unique=False)
    op.create_table(
        "samples",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("draw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stratum", sa.String(length=120), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["sample_draws.id"], name=op.f("fk_samples_draw_id_sample_draws")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["sampling_plans.id"], name=op.f("fk_samples_plan_id_sampling_plans")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_samples_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples")),
    )
    op.create_index(op.f("ix_samples_draw_id_id"), "samples", ["draw_id", "id"], unique=False)
    op.create_index(op.f("ix_samples_plan_id_report_id"), "samples", ["plan_id", "report_id"], unique=True)
    op.create_index(op.f("ix_samples_report_id"), "samples", ["report_id"], unique=False)
    op.create_table(
        "review_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("review_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("appeal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("machine", sa.String(length=120), nullable=True),
        sa.Column("human", sa.String(length=120), nullable=True),
        sa.Column("turns", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appeal_id"], ["appeals.id"], name=op.f("fk_review_decisions_appeal_id_appeals")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_review_decisions_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_decisions_review_id_reviews")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_decisions")),
    )
    op.create_index(
        op.f("ix_review_decisions_report_id_target_id"),
        "review_decisions",
        ["report_id", "target", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_review_decisions_review_id"), "review_decisions", ["review_id"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_review_decisions_review_id"), table_name="review_decisions")
    op.drop_index(op.f("ix_review_decisions_report_id_target_id"), table_name="review_decisions")
    op.drop_table("review_decisions")
    op.drop_index(op.f("ix_samples_report_id"), table_name="samples")
    op.drop_index(op.f("ix_samples_plan_id_report_id"), table_name="samples")
    op.drop_index(op.f("ix_samples_draw_id_id"), table_name="samples")
    op.drop_table("samples")
    op.drop_index("ix_reviews_team_queue", table_name="reviews")
    op.drop_index(op.f("ix_reviews_report_id"), table_name="reviews")
    op.drop_index("ix_reviews_queue", table_name="reviews")
    op.drop_index("ix_reviews_priority", table_name="reviews")
    op.drop_index("ix_reviews_line_queue", table_name="reviews")
    op.drop_index("ix_reviews_lease", table_name="reviews")
    op.drop_index("ix_reviews_decided", table_name="reviews")
    op.drop_index(op.f("ix_reviews_claimed_by_state"), table_name="reviews")
    op.drop_index("ix_reviews_agent_queue", table_name="reviews")
    op.drop_table("reviews")
    op.drop_index(op.f("ix_report_marks_report_id"), table_name="report_marks")
    op.drop_table("report_marks")
    op.drop_table("calibration_marks")
    op.drop_index("ix_batch_records_report", table_name="batch_records")
    op.drop_index(op.f("ix_batch_records_batch_id_chunk"), table_name="batch_records")
    op.drop_table("batch_records")
    op.drop_index(op.f("ix_appeals_report_id"), table_name="appeals")
    op.drop_index("ix_appeals_queue", table_name="appeals")
    op.drop_index(op.f("ix_appeals_agent_id_filed_at"), table_name="appeals")
    op.drop_table("appeals")
    op.drop_index(op.f("ix_webhook_deliveries_webhook_id_id"), table_name="webhook_deliveries")
    op.drop_index("ix_deliveries_due", table_name="webhook_deliveries")
    op.drop_table("webhook_deliveries")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_sample_draws_plan_id_since"), table_name="sample_draws")
    op.drop_table("sample_draws")
    op.drop_index(op.f("ix_reports_transcript_id"), table_name="reports")
    op.drop_index("ix_reports_time", table_name="reports")
    op.drop_index("ix_reports_team", table_name="reports")
    op.drop_index("ix_reports_percent", table_name="reports")
    op.drop_index("ix_reports_emotion", table_name="reports")
    op.drop_index(
        "ix_reports_current",
        table_name="reports",
        postgresql_where=sa.text("current"),
        sqlite_where=sa.text("current = 1"),
    )
    op.drop_index("ix_reports_batch", table_name="reports")
    op.drop_index("ix_reports_agent", table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_batch_chunks_batch_id_state"), table_name="batch_chunks")
    op.drop_table("batch_chunks")
    op.drop_table("workers")
    op.drop_table("webhooks")
    op.drop_index(op.f("ix_users_oidc_subject"), table_name="users")
    op.drop_index(op.f("ix_users_login"), table_name="users")
    op.drop_table("users")
    op.drop_index(op.f("ix_transcripts_purge_raw_at"), table_name="transcripts")
    op.drop_index(op.f("ix_transcripts_purge_masked_at"), table_name="transcripts")
    op.drop_index(op.f("ix_transcripts_key_id"), table_name="transcripts")
    op.drop_index(op.f("ix_transcripts_external_ref_version"), table_name="transcripts")
    op.drop_index(op.f("ix_transcripts_customer_ref_happened_at"), table_name="transcripts")
    op.drop_table("transcripts")
    op.drop_index(op.f("ix_tasks_state"), table_name="tasks")
    op.drop_index(op.f("ix_tasks_kind_created_at"), table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("span_counts")
    op.drop_index(op.f("ix_scorecard_revisions_key_revision"), table_name="scorecard_revisions")
    op.drop_index(op.f("ix_scorecard_revisions_digest"), table_name="scorecard_revisions")
    op.drop_table("scorecard_revisions")
    op.drop_table("sampling_plans")
    op.drop_table("idempotency_keys")
    op.drop_table("daily_counts")
    op.drop_index(op.f("ix_daily_cells_team_day"), table_name="daily_cells")
    op.drop_index(op.f("ix_daily_cells_day"), table_name="daily_cells")
    op.drop_index(op.f("ix_daily_cells_agent_id_day"), table_name="daily_cells")
    op.drop_table("daily_cells")
    op.drop_index(op.f("ix_chain_links_subject"), table_name="chain_links")
    op.drop_table("chain_links")
    op.drop_table("chain_heads")
    op.drop_table("calibration_sessions")
    op.drop_table("business_lines")
    op.drop_index(op.f("ix_batches_state"), table_name="batches")
    op.drop_index(op.f("ix_batches_created_at_id"), table_name="batches")
    op.drop_table("batches")
    op.drop_index(op.f("ix_audit_entries_subject_at_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_at_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_actor_at_id"), table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_action_at_id"), table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_index(op.f("ix_api_keys_prefix"), table_name="api_keys")
    op.drop_table("api_keys")
