"""Settings of the service: environment variables ``QA_ENGINE_*``, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How the service runs.

    Attributes:
        home: folder of everything the service keeps on disk (embedded database, keys, uploads).
        database_url: ``postgresql://…``; empty = the embedded SQLite database under ``home``.
        keyring: the key file's content itself, for places that inject secrets; else ``key_file``.
        key_file: empty = ``home/keys.json``, made at the first start.
        time_zone: where a day begins and ends.
        model: as ``qa-engine score --model``.
        workers: worker processes that score batches; 0 = none started beside the server.
        server_folders: folders of the server whose files batches may name.
        max_body_bytes: of ordinary requests; max_upload_bytes: of one uploaded batch.
        max_waiting_records: records waiting to be scored beyond which new batches get 429.
        max_scoring: single-score requests in flight beyond which further ones get 503.
        rate_per_minute: requests of one caller; login_rate_per_minute: log-in attempts of one address.
        secure_cookies: send the session cookie over HTTPS only; so it is anyway when ``public_url`` says so.
        session_hours: how long a log-in lasts. lease_minutes: how long a claimed review is reserved.
        oidc_issuer: turns on log-in by OIDC together with its client id and secret.
        oidc_role_claim, oidc_teams_claim, oidc_lines_claim, oidc_agent_claim: which claims of the ID token
            say the role, the teams, the business lines and the agent's id.
        public_url: how browsers reach the service, e.g. ``https://qa.example.com``; empty = as they ask.
        spool_days: how long uploads that led to no batch are kept; others go once they are read in.
        ticking_s: seconds between two looks of a worker at leases, deliveries and lost batches.
        webhook_private: webhooks may use plain HTTP and private addresses (inside a closed network).
        webhook_ca_file: certificates (PEM) of an authority of one's own that webhooks may be signed by.
    """

    model_config = SettingsConfigDict(env_prefix="QA_ENGINE_", extra="ignore", frozen=True)

    home: Path = Path("var")
    database_url: str = Field(default="", repr=False)
    keyring: SecretStr | None = None
    key_file: Path | None = None
    time_zone: str = "Asia/Shanghai"
    model: str = "auto"
    workers: int = Field(default=2, ge=0, le=64)
    server_folders: tuple[Path, ...] = ()
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    max_upload_bytes: int = Field(default=8 * 1024**3, ge=1024)
    max_waiting_records: int = Field(default=2_000_000, ge=1)
    max_scoring: int = Field(default=32, ge=1)
    rate_per_minute: int = Field(default=1200, ge=1)
    login_rate_per_minute: int = Field(default=20, ge=1)
    secure_cookies: bool = False
    session_hours: float = Field(default=12, gt=0)
    lease_minutes: float = Field(default=20, gt=0)
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_role_claim: str = "qa_engine_role"
    oidc_teams_claim: str = "qa_engine_teams"
    oidc_lines_claim: str = "qa_engine_business_lines"
    oidc_agent_claim: str = "qa_engine_agent_id"
    public_url: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    spool_days: float = Field(default=1, ge=0)
    ticking_s: float = Field(default=5, gt=0)
    webhook_private: bool = False
    webhook_ca_file: Path | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"没有时区 {value}，例如 Asia/Shanghai") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def https_only(self) -> bool:
        """True when browsers reach the service over HTTPS: cookies are then sent over nothing else."""
        return self.secure_cookies or self.public_url.lower().startswith("https://")

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{(self.home / 'qa-engine.db').resolve()}"

    @property
    def jobs_url(self) -> str:
        """Where the job library keeps its own state: its own SQLite file, or the same PostgreSQL."""
        return self.database_url or f"sqlite:///{(self.home / 'jobs.db').resolve()}"

    @property
    def keys(self) -> Path:
        """The key file."""
        return self.key_file or self.home / "keys.json"

    @property
    def spool(self) -> Path:
        """Where uploads wait."""
        return self.home / "spool"
