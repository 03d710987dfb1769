"""Changing one's own password: prove the old one outside a transaction, then settle."""

from __future__ import annotations

from qa_engine.domain.refusal import IllegalStep
from qa_engine.services.login import Credential, Proof
from qa_engine.services.sessions import end_sessions_of
from qa_engine.services.work import Work
from qa_engine.store.tables import UserRow


def own_credential(work: Work) -> tuple[str, Credential]:
    """One's own log-in name and what a password must be proved against.

    Raises:
        IllegalStep: an API key, or somebody who comes by OIDC, has no password here.
    """
    row = work.session.get(UserRow, int(work.principal.id)) if work.principal.kind == "user" else None
    if row is None or row.password_hash is None:
        raise IllegalStep("本账号没有可修改的密码。", "This account has no password to change.")
    return row.login, Credential(row.id, row.password_hash)


def settle_own_password(work: Work, proof: Proof, password_hash: str, token: str | None) -> bool:
    """Take the new password and end every other session; False when the old one was not right."""
    row = work.session.get(UserRow, proof.credential.user_id, with_for_update=True)
    if row is None or not proof.right or row.password_hash != proof.credential.password_hash:
        work.audit("user.password_change_failed", f"user:{work.principal.id}")
        return False
    row.password_hash = password_hash
    row.must_change_password = False
    end_sessions_of(work, row.id, but_token=token)
    work.audit("user.password_changed", f"user:{row.id}")
    return True
