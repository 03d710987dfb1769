"""密钥: rotating loses nothing, may be stopped anywhere, and needs no restart."""

from __future__ import annotations

import base64
import threading

import pytest
from sqlalchemy import select, update

from qa_engine.service import Service
from qa_engine.store.rotation import key_usage, reseal
from qa_engine.store.sealing import KeyFile, Keyring, KeyringError, load_keyring, save_keyring
from qa_engine.store.tables import TranscriptRow
from qa_engine.store.transcripts import Keeping, keep_transcripts, raw_transcript
from service.conftest import settings_for
from service.ops import told
from service.world import World


@pytest.fixture
def world(service) -> World:
    return World(service)


def keep(world: World, number: int) -> None:
    with world.work() as work:
        calls = [world.transcript() for _ in range(number)]
        keep_transcripts(work.session, work.keyring, calls, Keeping("retail"), work.now, work.zone)


def originals(service: Service) -> list[str]:
    with service.look() as work:
        rows = work.session.scalars(select(TranscriptRow).order_by(TranscriptRow.id)).all()
        return [repr(raw_transcript(work.keyring, row)) for row in rows]


def usage(service: Service) -> dict[str, int]:
    with service.look() as work:
        return key_usage(work.session)


def rotate(service: Service) -> Keyring:
    rotated = service.keyring.rotated()
    save_keyring(service.settings.keys, rotated)
    return rotated


def test_everything_is_sealed_anew_and_reads_the_same(world):
    keep(world, 7)
    before, old = originals(world.service), world.service.keyring.current
    rotated = rotate(world.service)
    done = reseal(world.service.database, rotated, batch=3)
    assert (done.done, done.unopened) == (7, {})
    assert usage(world.service) == {rotated.current: 7}
    assert originals(world.service) == before
    # The old key has no part in it any more.
    only_new = rotated.without(old)
    with world.work() as work:
        row = work.session.scalars(select(TranscriptRow)).first()
        assert raw_transcript(only_new, row) is not None


def test_a_running_service_takes_the_new_key_by_itself(world):
    keep(world, 1)
    rotated = rotate(world.service)
    keep(world, 1)
    assert usage(world.service)[rotated.current] == 1
    assert len(originals(world.service)) == 2


def test_stopped_midway_it_goes_on(world):
    keep(world, 6)
    rotated = rotate(world.service)

    def stop(done: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(world.service.database, rotated, batch=2, told=stop)
    assert usage(world.service)[rotated.current] == 4
    assert len(originals(world.service)) == 6
    assert reseal(world.service.database, rotated, batch=2).done == 2


def test_what_cannot_be_opened_is_counted_and_left_alone(world):
    keep(world, 5)
    with world.work() as work:
        work.session.execute(update(TranscriptRow).where(TranscriptRow.id == 2).values(sealed=b"\0" * 40))
        work.session.execute(update(TranscriptRow).where(TranscriptRow.id == 3).values(key_id="lost"))
    old = world.service.keyring.current
    rotated = rotate(world.service)
    done = reseal(world.service.database, rotated, batch=2)
    assert (done.done, done.unopened) == (3, {old: 1, "lost": 1})
    assert usage(world.service) == {rotated.current: 3, old: 1, "lost": 1}


def test_a_text_erased_meanwhile_is_not_brought_back(world):
    keep(world, 4)
    rotated = rotate(world.service)

    def erase_one(done: int) -> None:
        if done == 2:
            with world.work() as work:
                work.session.execute(
                    update(TranscriptRow).where(TranscriptRow.id == 4).values(sealed=None, key_id=None)
                )

    assert reseal(world.service.database, rotated, batch=2, told=erase_one).done == 3
    with world.work() as work:
        assert work.session.get_one(TranscriptRow, 4).sealed is None


def test_calls_kept_while_keys_rotate_are_all_readable(world):
    """Somebody keeps calls all the time; the keys rotate three times meanwhile."""
    stop = threading.Event()

    def keep_on() -> None:
        while not stop.is_set():
            keep(world, 2)

    writer = threading.Thread(target=keep_on)
    writer.start()
    try:
        for _ in range(3):
            reseal(world.service.database, rotate(world.service), batch=5)
    finally:
        stop.set()
        writer.join()
    texts = originals(world.service)
    assert "None" not in texts
    assert len(set(texts)) == len(texts) > 0


class TestKeyFile:
    def test_it_follows_the_file(self, tmp_path):
        path = tmp_path / "keys.json"
        held = KeyFile(path)
        first = held.keyring
        assert held.keyring is first
        save_keyring(path, first.rotated())
        assert held.keyring.current != first.current
        assert first.current in held.keyring.keys

    def test_a_file_that_is_gone_for_a_moment_changes_nothing(self, tmp_path):
        path = tmp_path / "keys.json"
        held = KeyFile(path)
        first = held.keyring
        path.rename(tmp_path / "away")
        assert held.keyring == first
        (tmp_path / "away").rename(path)
        assert held.keyring == first

    def test_a_file_opened_to_others_is_refused(self, tmp_path):
        path = tmp_path / "keys.json"
        held = KeyFile(path)
        changed = held.keyring.rotated()
        save_keyring(path, changed)
        path.chmod(0o644)
        with pytest.raises(KeyringError, match="chmod 600"):
            _ = held.keyring

    def test_keys_of_a_variable_stay(self, tmp_path):
        inline = Keyring.fresh()
        held = KeyFile(tmp_path / "keys.json", inline.dump().decode())
        save_keyring(tmp_path / "keys.json", Keyring.fresh())
        assert held.keyring == inline


class TestCommand:
    @pytest.fixture
    def home(self, sqlite_url, tmp_path, monkeypatch):
        """An installation with five conversations, as the commands find it."""
        settings = settings_for(sqlite_url, tmp_path / "home")
        service = Service.open(settings)
        keep(World(service), 5)
        service.close()
        monkeypatch.setenv("QA_ENGINE_HOME", str(settings.home))
        monkeypatch.setenv("QA_ENGINE_DATABASE_URL", sqlite_url)
        return settings

    def test_list_rotate_retire(self, home):
        old = load_keyring(home.keys).current
        code, text, _ = told("keys", "list")
        assert (code, text.split()[-3:]) == (0, [old, "✓", "5"])
        code, text, _ = told("keys", "rotate", "--wait", "0")
        rotated = load_keyring(home.keys)
        assert code == 0
        assert text == f"当前密钥是 {rotated.current}，改密 5 通。\n"
        assert list(rotated.keys) == [old, rotated.current]
        assert home.keys.stat().st_mode & 0o777 == 0o600
        assert told("keys", "retire", rotated.current)[0] == 2
        assert told("keys", "retire", old)[0] == 0
        assert list(load_keyring(home.keys).keys) == [rotated.current]
        service = Service.open(home)
        assert len(originals(service)) == 5
        service.close()
        assert told("audit", "verify")[0] == 0

    def test_a_key_in_use_is_not_retired(self, home):
        old = load_keyring(home.keys).current
        save_keyring(home.keys, load_keyring(home.keys).rotated())
        code, _, said = told("keys", "retire", old)
        assert code == 2
        assert "还有 5 通会话" in said
        assert old in load_keyring(home.keys).keys

    def test_an_unfinished_rotation_is_finished_without_another_key(self, home):
        unfinished = load_keyring(home.keys).rotated()
        save_keyring(home.keys, unfinished)
        code, _, said = told("keys", "rotate", "--wait", "0")
        assert code == 0
        assert "接着改用当前密钥" in said
        assert load_keyring(home.keys) == unfinished

    def test_a_key_added_first_is_the_next_one_used(self, home):
        before = load_keyring(home.keys)
        assert told("keys", "rotate", "--add-only")[0] == 0
        added = load_keyring(home.keys)
        assert added.current == before.current
        assert len(added.keys) == 2
        assert told("keys", "rotate", "--wait", "0")[0] == 0
        rotated = load_keyring(home.keys)
        assert rotated.keys == added.keys
        assert rotated.current != before.current

    def test_keys_of_a_variable_are_not_changed_here(self, home, monkeypatch):
        monkeypatch.setenv("QA_ENGINE_KEYRING", load_keyring(home.keys).dump().decode())
        code, _, said = told("keys", "rotate", "--wait", "0")
        assert code == 2
        assert "QA_ENGINE_KEYRING" in said

    def test_a_lost_key_is_told(self, home):
        save_keyring(home.keys, Keyring(load_keyring(home.keys).root, "k1", {"k1": b"x" * 32}))
        code, text, _ = told("keys", "list")
        assert code == 1
        assert "缺少密钥" in text
        code, text, _ = told("keys", "rotate", "--wait", "0")
        assert code == 1
        assert "5 通" in text

    def test_no_command_ever_shows_a_key(self, home):
        shown = [*told("keys", "list"), *told("keys", "rotate", "--wait", "0"), *told("doctor")]
        keyring = load_keyring(home.keys)
        secrets = [base64.b64encode(key).decode() for key in (keyring.root, *keyring.keys.values())]
        assert [secret for secret in secrets if secret in str(shown)] == []

    def test_keys_are_never_made_anew_for_a_database_that_has_others(self, home):
        home.keys.unlink()
        for command in (("keys", "list"), ("keys", "rotate"), ("audit", "verify"), ("backup", "x")):
            code, _, said = told(*command)
            assert code == 2
            assert "没有密钥文件" in said
        assert not home.keys.exists()
