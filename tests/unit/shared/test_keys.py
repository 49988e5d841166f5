import base64
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth import keys

USER = "3f0c9d4e-7a51-4a38-9b1f-0d5f8f1f2a3b"
PEPPER = bytes(range(32))


def test_a_minted_key_names_its_user_and_slot():
    secret = keys.mint(USER, 7, PEPPER)
    assert secret.startswith("sk-pw-")
    assert len(secret) == 82
    assert keys.locate(secret, PEPPER) == (USER, 7)


def test_two_keys_are_never_the_same():
    assert keys.mint(USER, 1, PEPPER) != keys.mint(USER, 1, PEPPER)


def test_a_key_of_another_pepper_is_refused():
    assert keys.locate(keys.mint(USER, 1, PEPPER), b"another pepper") is None


@given(position=st.integers(6, 81), character=st.sampled_from("ABCabc019-_"))
def test_a_key_with_one_character_changed_is_refused(position, character):
    secret = keys.mint(USER, 1, PEPPER)
    if secret[position] == character:
        return
    assert keys.locate(secret[:position] + character + secret[position + 1 :], PEPPER) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk-pw-",
        "sk-pw-" + "A" * 76,
        "sk-pw-" + "A" * 75,
        "sk-pw-" + "é" * 76,
        "sk-" + "A" * 79,
        "sk-pw-" + "\n" * 76,
    ],
)
def test_what_is_no_key_is_refused_without_an_exception(text):
    assert keys.locate(text, PEPPER) is None


def test_characters_a_lenient_decoder_would_skip_do_not_make_a_second_spelling():
    secret = keys.mint(USER, 1, PEPPER)
    assert keys.locate(secret[:-1] + "\n", PEPPER) is None
    assert keys.locate(secret + "\n", PEPPER) is None


def test_the_mac_does_not_replace_the_record():
    raw = base64.urlsafe_b64decode(keys.mint(USER, 1, PEPPER)[6:])
    record = _record(keys.mint(USER, 1, PEPPER))
    forged_with_the_pepper = keys.mint(USER, raw[16], PEPPER)
    assert not record.matches(forged_with_the_pepper)


def _record(secret, **changes):
    fields = {
        "id": "key_aaaaaaaaaaaaaaaa",
        "name": "laptop",
        "sha256": keys.fingerprint(secret),
        "scopes": ("inference",),
        "models": ("*",),
        "created_at": 1,
        "expires_at": None,
        "last4": secret[-4:],
    }
    return keys.KeyRecord(**{**fields, **changes})


def test_a_record_survives_its_attribute_and_holds_no_secret():
    secret = keys.mint(USER, 1, PEPPER)
    record = _record(secret, models=("nova-*",), expires_at=99)
    assert keys.KeyRecord.parse(record.dump()) == record
    assert secret[6:-4] not in record.dump()
    assert len(record.dump()) < 2048


def test_an_expired_key_is_expired_from_that_second_on():
    record = _record("x", expires_at=100)
    assert not record.expired(99.9)
    assert record.expired(100)
    assert not _record("x").expired(1e12)


@pytest.mark.parametrize(
    "value", ["", "null", "{}", "[]", "not json", json.dumps({"id": "x", "scopes": [], "models": []})]
)
def test_what_is_no_record_is_an_empty_slot(value):
    assert keys.KeyRecord.parse(value) is None


def test_a_pepper_too_short_to_keep_forgers_out_is_refused():
    assert keys.pepper("p" * 32) == b"p" * 32
    with pytest.raises(ValueError, match="32 characters"):
        keys.pepper("")


def test_a_groups_shared_api_key_has_the_value_that_terraform_gives_it():
    # terraform/modules/api/api.tftest.hcl has the same.
    assert keys.shared_identifier("test", "developers") == sha256(b"pennyworth-test group developers").hexdigest()
    values = {keys.shared_identifier(*of) for of in (("test", "a"), ("test", "b"), ("prod", "a"), ("test",), ("prod",))}
    assert len(values) == 5
    assert all(value.isalnum() and 20 <= len(value) <= 128 for value in values)
