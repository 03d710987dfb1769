"""Sealed text: opens for its own place and key only, and keys survive a rotation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.store.sealing import Keyring, KeyringError, Unsealable, load_keyring, save_keyring

KEYS = Keyring.fresh()


class TestSealing:
    @given(st.binary(max_size=2000), st.text(max_size=40))
    def test_what_was_sealed_opens_again_and_never_twice_the_same(self, plain, context):
        key_id, sealed = KEYS.seal(plain, context)
        assert KEYS.open_sealed(key_id, sealed, context) == plain
        assert KEYS.seal(plain, context)[1] != sealed

    @given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
    def test_one_changed_byte_anywhere_is_noticed(self, at, change):
        key_id, sealed = KEYS.seal("我的手机号是 13800001111".encode(), "transcript:a:1")
        broken = bytearray(sealed)
        broken[at % len(sealed)] ^= change
        with pytest.raises(Unsealable):
            KEYS.open_sealed(key_id, bytes(broken), "transcript:a:1")

    def test_a_text_moved_to_another_row_does_not_open(self):
        key_id, sealed = KEYS.seal(b"text", "transcript:a:1")
        with pytest.raises(Unsealable):
            KEYS.open_sealed(key_id, sealed, "transcript:b:1")

    def test_after_a_rotation_old_text_opens_and_new_text_has_the_new_key(self):
        key_id, sealed = KEYS.seal(b"old", "x")
        rotated = KEYS.rotated()
        assert rotated.open_sealed(key_id, sealed, "x") == b"old"
        new_id, new = rotated.seal(b"new", "x")
        assert new_id != key_id
        retired = rotated.without(key_id)
        assert retired.open_sealed(new_id, new, "x") == b"new"
        with pytest.raises(Unsealable, match="没有这把密钥"):
            retired.open_sealed(key_id, sealed, "x")

    def test_the_current_key_cannot_be_dropped(self):
        with pytest.raises(ValueError, match="current"):
            KEYS.without(KEYS.current)


class TestReferences:
    @given(st.text(max_size=30), st.text(max_size=30))
    def test_equal_parts_give_equal_references_and_others_do_not(self, one, other):
        assert (KEYS.ref("customer", one) == KEYS.ref("customer", other)) == (one == other)

    def test_a_reference_depends_on_its_kind_its_parts_and_the_keys(self):
        refs = {
            KEYS.ref("customer", "ab"),
            KEYS.ref("transcript", "ab"),
            KEYS.ref("customer", "a", "b"),
            Keyring.fresh().ref("customer", "ab"),
        }
        assert len(refs) == 4

    def test_rotation_changes_no_reference(self):
        assert KEYS.rotated().ref("customer", "7") == KEYS.ref("customer", "7")


class TestKeyFile:
    def test_is_made_once_for_its_owner_only(self, tmp_path):
        path = tmp_path / "home" / "keys.json"
        first = load_keyring(path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert load_keyring(path) == first

    def test_a_saved_rotation_is_what_is_loaded(self, tmp_path):
        path = tmp_path / "keys.json"
        rotated = load_keyring(path).rotated()
        save_keyring(path, rotated)
        assert load_keyring(path) == rotated
        assert path.stat().st_mode & 0o777 == 0o600

    def test_readable_by_others_is_refused_with_the_remedy(self, tmp_path):
        path = tmp_path / "keys.json"
        load_keyring(path)
        path.chmod(0o644)
        with pytest.raises(KeyringError, match="chmod 600"):
            load_keyring(path)

    def test_the_variable_comes_before_the_file(self, tmp_path):
        inline = Keyring.fresh()
        assert load_keyring(tmp_path / "keys.json", inline.dump().decode()) == inline
        assert not (tmp_path / "keys.json").exists()

    @pytest.mark.parametrize(
        "text",
        ["", "{}", "[]", '"x"', '{"schema": "qa-engine-keys/1"}',
         '{"schema": "qa-engine-keys/2", "root": "", "keys": {}, "current": ""}',
         '{"schema": "qa-engine-keys/1", "root": "AAAA", "keys": {"k": "AAAA"}, "current": "k"}',
         '{"schema": "qa-engine-keys/1", "root": "!", "keys": {"k": "AAAA"}, "current": "k"}'],
    )  # fmt: skip
    def test_a_broken_key_file_is_never_replaced(self, tmp_path, text):
        path = tmp_path / "keys.json"
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(KeyringError, match="处理办法"):
            load_keyring(path)
        assert path.read_text() == text
