"""Talking to an OIDC provider: where to send people, and who came back. Knows no database.

Authorization code flow with state, nonce and PKCE (RFC 7636); the ID token's signature is checked against
the provider's keys, fetched anew at every log-in: log-ins are rare, and a rotated key must not lock out.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import orjson
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from qa_engine.domain.refusal import Unauthenticated, Unavailable

# Asymmetric only: with a shared secret whoever holds it could write tokens.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
TIMEOUT_S = 10.0
PATIENCE = timedelta(minutes=10)
_LEEWAY_S = 60
_RETRY_S = 30


@dataclass(frozen=True, slots=True)
class Departure:
    """What must be remembered between sending somebody away and their return."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    left_at_ms: int

    def dump(self) -> bytes:
        """As JSON, to be sealed into a cookie."""
        return orjson.dumps([self.state, self.nonce, self.verifier, self.left_at_ms])

    @classmethod
    def parse(cls, text: bytes) -> Departure:
        """Read what ``dump`` wrote."""
        state, nonce, verifier, left_at_ms = orjson.loads(text)
        return cls(state, nonce, verifier, left_at_ms)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, as the provider says. ``claims``: of the ID token, checked."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]


class Provider:
    """An OIDC provider at which this service is registered.

    Args:
        issuer: its address, exactly as it names itself.
        client_id: how it knows this service.
        secret: what this service proves itself with; None for a public client (PKCE alone).
    """

    def __init__(self, issuer: str, client_id: str, secret: str | None) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret

    def send_away(self, redirect_uri: str, now: datetime) -> tuple[str, Departure]:
        """Where to send somebody to log in, and what to remember of it.

        Raises:
            Unavailable: the provider does not answer as a provider.
        """
        departure = Departure(
            state=generate_token(43),
            nonce=generate_token(43),
            verifier=generate_token(64),
            left_at_ms=int(now.timestamp() * 1000),
        )
        with self._client(redirect_uri) as client:
            about = self._about(client)
            address, _ = client.create_authorization_url(
                about["authorization_endpoint"],
                state=departure.state,
                nonce=departure.nonce,
                code_verifier=departure.verifier,
            )
        return str(address), departure

    def receive(
        self, departure: Departure, *, state: str, code: str, redirect_uri: str, now: datetime
    ) -> Arrival:
        """Who came back with ``state`` and ``code``.

        Raises:
            Unauthenticated: not the one who left, too late, or the provider vouches for nobody.
            Unavailable: the provider does not answer as a provider.
        """
        left_ms = now.timestamp() * 1000 - departure.left_at_ms
        if not hmac.compare_digest(state.encode(), departure.state.encode()) or not (
            0 <= left_ms <= PATIENCE.total_seconds() * 1000
        ):
            raise not_vouched()
        with self._client(redirect_uri) as client:
            about = self._about(client)
            try:
                token = client.fetch_token(
                    about["token_endpoint"], code=code, code_verifier=departure.verifier
                )
            except OAuthError:
                raise not_vouched() from None
            except (httpx2.HTTPError, ValueError) as error:
                raise _silent(error) from None
            keys = self._get(client, about["jwks_uri"])
        return self._checked(token, keys, departure, now)

    def _checked(self, token: Mapping[str, Any], keys: Any, departure: Departure, now: datetime) -> Arrival:
        try:
            decoded = jwt.decode(str(token["id_token"]), KeySet.import_key_set(keys), list(ALGORITHMS))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {
                    "nonce": departure.nonce,
                    "client_id": self._client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_S)
        except (JoseError, KeyError, ValueError, TypeError):
            raise not_vouched() from None
        return Arrival(self._issuer, claims["sub"], dict(claims))

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._secret,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope="openid profile",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
        )

    def _about(self, client: OAuth2Client) -> dict[str, str]:
        about = self._get(client, self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if not isinstance(about, dict) or not all(isinstance(about.get(name), str) for name in needed):
            raise _silent(None)
        # Whoever answers for the issuer must be the issuer: else its tokens prove nothing.
        if about["issuer"] != self._issuer:
            raise _silent(None)
        return about

    @staticmethod
    def _get(client: OAuth2Client, address: str) -> Any:
        try:
            answer = client.request("GET", address, withhold_token=True)
            answer.raise_for_status()
            return orjson.loads(answer.content)
        except (httpx2.HTTPError, httpx2.InvalidURL, orjson.JSONDecodeError) as error:
            raise _silent(error) from None


def not_vouched() -> Unauthenticated:
    """The refusal of everybody the provider does not vouch for, whatever the reason."""
    return Unauthenticated(
        "统一身份登录没有成功，请重新登录。", "The single sign-on did not succeed; log in again."
    )


def _silent(error: Exception | None) -> Unavailable:
    kind = "" if error is None else f"（{type(error).__name__}）"
    return Unavailable(
        f"统一身份服务暂时无法使用{kind}，请稍后再试，或使用登录名和密码。",
        "The identity provider cannot be used at the moment; try again later.",
        _RETRY_S,
    )
