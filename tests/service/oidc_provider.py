"""A small OIDC provider for the tests, run as a process of its own: ``python oidc_provider.py``.

Prints its address, then serves: discovery, keys, the authorization endpoint (whoever comes is logged in as
the person told to ``POST /behave``) and the token endpoint, which insists on the client's secret, on PKCE, on
the same return address and on each code being used once. ``fault`` makes it lie in one way.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT, SECRET = "qa-engine", "s3cret-for-tests"
KEY, FOREIGN_KEY = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})


class Provider(BaseHTTPRequestHandler):
    """All state lies on the server object."""

    server: Any

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            self._send(
                {
                    "issuer": "http://elsewhere" if self.server.fault == "foreign_issuer" else self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                }
            )
        elif path == "/keys":
            self._send(KeySet([KEY]).as_dict(private=False))
        elif path == "/authorize":
            self._authorize({name: values[0] for name, values in query.items()})
        else:
            self._send({}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/behave":
            wanted = json.loads(body)
            self.server.claims, self.server.fault = wanted["claims"], wanted.get("fault")
            self._send({})
        elif self.path == "/token":
            self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})

    def _authorize(self, asked: dict[str, str]) -> None:
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if any(asked.get(name) != value for name, value in wanted.items()) or not asked.get("nonce"):
            self._send({"error": "invalid_request"}, 400)
            return
        code = secrets.token_urlsafe(16)
        self.server.codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"]})
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{answer}")
        self.end_headers()

    def _token(self, sent: dict[str, str]) -> None:
        asked = self.server.codes.pop(sent.get("code", ""), None)
        proof = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {proof}":
            self._send({"error": "invalid_client"}, 401)
        elif (
            asked is None
            or sent.get("redirect_uri") != asked["redirect_uri"]
            or _challenge(sent.get("code_verifier", "")) != asked["code_challenge"]
        ):
            self._send({"error": "invalid_grant"}, 400)
        else:
            self._send(
                {
                    "access_token": "unused",
                    "token_type": "Bearer",
                    "id_token": self._id_token(asked["nonce"]),
                }
            )

    def _id_token(self, nonce: str) -> str:
        fault, now = self.server.fault, int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.server.claims,
        }
        lies = {
            "nonce": {"nonce": "another"},
            "audience": {"aud": "somebody-else"},
            "expired": {"iat": now - 900, "exp": now - 600},
            "issuer": {"iss": "http://elsewhere"},
        }
        claims |= lies.get(fault, {})
        if fault == "no_subject":
            del claims["sub"]
        if fault == "shared_secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 3))
        if fault == "unsigned":
            parts = ({"alg": "none"}, claims)
            text = ".".join(_base64(json.dumps(part).encode()) for part in parts)
            return f"{text}."
        key = FOREIGN_KEY if fault == "foreign_key" else KEY
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    def _send(self, content: Any, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _challenge(verifier: str) -> str:
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


if __name__ == "__main__":
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.codes, server.claims, server.fault = {}, {}, None
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
