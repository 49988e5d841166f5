"""Two installations side by side: what differs is said so that one can act on it."""

from tools.rehearsal.inventory import differences


def test_equal_inventories_differ_in_nothing() -> None:
    pool = {"user pool": {"p": {"MfaConfiguration": "OFF"}}}
    assert differences(pool, {"user pool": {"p": {"MfaConfiguration": "OFF"}}}) == []


def test_a_changed_attribute_is_named_with_both_values() -> None:
    here, there = ({"user pool": {"p": {"MfaConfiguration": mfa, "Length": 12}}} for mfa in ("OFF", "OPTIONAL"))
    assert differences(here, there) == ["user pool: p: MfaConfiguration: OFF here, OPTIONAL there"]


def test_what_only_one_has_is_named() -> None:
    assert differences({"role": {"a": {}}}, {"role": {"b": {"Path": "/"}}}) == [
        "role: a: {} here, absent there",
        'role: b: absent here, {"Path": "/"} there',
    ]


def test_another_kind_of_value_is_a_difference() -> None:
    assert differences({"role": {"a": {"Tags": {}}}}, {"role": {"a": {"Tags": None}}}) == [
        "role: a: Tags: {} here, null there"
    ]
