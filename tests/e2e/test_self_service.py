"""What a signed-in person does for themselves, and only for themselves."""

import time


def signed_in(gateway, cognito, email, group="developers"):
    """(id, a client with their ID token)."""
    user = gateway.user(email, group)
    return user, gateway.http(cognito.sign_in(user)["IdToken"])


def test_a_person_sees_who_they_are_and_what_they_may_do(gateway, cognito):
    user, http = signed_in(gateway, cognito, "mia@example.com", "restricted")
    with http:
        me = http.get("/me").raise_for_status().json()
    assert (me["object"], me["group"], me["user"]["id"], me["user"]["email"]) == (
        "me",
        "restricted",
        user,
        "mia@example.com",
    )
    assert me["user"]["role"] == "reader"
    assert me["policy"] == {
        "actions": ["inference"],
        "models": ["nova-*"],
        "guardrail": None,
        "guardrails": [],
        "rate": None,
        "tools": {"allow": None, "deny": []},
    }
    assert me["limits"].pop("budget_resets_at") > time.time()
    assert me["limits"] == {
        "api_keys": 20,
        "api_keys_in_use": 0,
        "budget_usd": None,
        "spent_usd": 0,
        "group_budget_usd": None,
        "group_spent_usd": 0,
    }


def test_a_person_keeps_their_own_keys(gateway, cognito):
    user, http = signed_in(gateway, cognito, "ben@example.com")
    with http, gateway.admin() as admin:
        minted = http.post("/me/api_keys", json={"name": "laptop", "models": ["nova-*"]}).raise_for_status().json()
        assert minted["owner"]["user"]["id"] == user
        path = f"/me/api_keys/{minted['id']}"
        assert http.post(path, json={"name": "desktop"}).raise_for_status().json()["name"] == "desktop"
        rotated = http.post(f"{path}/rotate", json={"overlap_s": 60}).raise_for_status().json()
        assert http.get(path).json()["previous"] == rotated["previous"]
        assert http.get("/me/api_keys").json() == admin.get(f"/organization/users/{user}/api_keys").json()
        assert http.get("/me").json()["limits"]["api_keys_in_use"] == 1
        assert gateway.openai(rotated["value"]).models.list().data
        assert http.delete(path).raise_for_status().json()["deleted"] is True
        assert http.get("/me/api_keys").json()["data"] == []


def test_a_persons_key_is_never_wider_than_their_group(gateway, cognito):
    _, http = signed_in(gateway, cognito, "tom@example.com", "restricted")
    with http:
        for body, param in [
            ({"name": "k", "scopes": ["inference", "mcp"]}, "scopes"),
            ({"name": "k", "scopes": ["admin"]}, "scopes[0]"),
            ({"name": "k", "models": ["claude-*"]}, "models[0]"),
        ]:
            refused = http.post("/me/api_keys", json=body)
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
        key = http.post("/me/api_keys", json={"name": "k", "models": ["*"]}).raise_for_status().json()
    assert key["scopes"] == ["inference"]
    models = [model.id for model in gateway.openai(key["value"]).models.list()]
    assert models
    assert all(model.startswith("nova-") for model in models)


def test_somebody_elses_key_is_no_key_of_mine(gateway, cognito):
    _, http = signed_in(gateway, cognito, "eve@example.com")
    other = gateway.key(gateway.user("adam@example.com"))
    with http:
        for method, path, body in [
            ("GET", f"/me/api_keys/{other['id']}", None),
            ("POST", f"/me/api_keys/{other['id']}", {"name": "mine"}),
            ("POST", f"/me/api_keys/{other['id']}/rotate", {"overlap_s": 0}),
            ("DELETE", f"/me/api_keys/{other['id']}", None),
        ]:
            assert http.request(method, path, json=body).status_code == 404
    assert gateway.openai(other["value"]).models.list().data


def test_an_administrators_own_keys_are_under_me_too(gateway):
    with gateway.admin() as admin:
        key = admin.post("/me/api_keys", json={"name": "own"}).raise_for_status().json()
        assert "admin" not in key["scopes"]
        admin.delete(f"/me/api_keys/{key['id']}").raise_for_status()
