import hashlib
import hmac
import stat

import pytest

from data_modules import privacy
from data_modules.errors import InputError
from data_modules.privacy import Pseudonyms


def test_the_salt_is_made_once_for_its_owner_only(tmp_path):
    salt = tmp_path / "secret" / "salt"
    first = Pseudonyms(salt).patient("Mustermann")
    assert stat.S_IMODE(salt.stat().st_mode) == 0o600
    assert len(salt.read_bytes()) == 32
    assert Pseudonyms(salt).patient("Mustermann") == first
    assert Pseudonyms(tmp_path / "other").patient("Mustermann") != first


def test_a_pseudonym_is_the_hmac_of_kind_and_identifier(tmp_path):
    salt = tmp_path / "salt"
    salt.write_bytes(bytes(range(32)))
    salt.chmod(0o600)
    expected = hmac.digest(bytes(range(32)), b"L\x00Mustermann\x001", hashlib.sha256).hex()
    assert Pseudonyms(salt).lesion("Mustermann", "1") == f"L-{expected[:10]}"


def test_a_lesion_is_unique_within_its_patient(tmp_path):
    pseudonyms = Pseudonyms(tmp_path / "salt")
    names = {pseudonyms.lesion(p, n) for p in ("a", "b") for n in ("1", "2")} | {pseudonyms.lesion("a1", "")}
    assert len(names) == 5


def test_a_salt_that_others_can_read_or_that_is_short_is_refused(tmp_path):
    salt = tmp_path / "salt"
    salt.write_bytes(bytes(32))
    salt.chmod(0o644)
    with pytest.raises(InputError, match="salt file salt can be read by others"):
        Pseudonyms(salt)
    salt.write_bytes(b"short")
    salt.chmod(0o600)
    with pytest.raises(InputError, match="shorter than 32 bytes"):
        Pseudonyms(salt)


def test_a_collision_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(privacy, "HEX_DIGITS", 1)
    pseudonyms = Pseudonyms(tmp_path / "salt")
    with pytest.raises(InputError, match="Two identifiers got one pseudonym"):
        [pseudonyms.patient(str(k)) for k in range(17)]
