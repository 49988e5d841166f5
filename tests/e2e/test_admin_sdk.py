"""An ops engineer's day, by the OpenAI SDK's own admin client."""

import time

import openai
import pytest


@pytest.fixture
def organization(gateway):
    with openai.OpenAI(
        admin_api_key=gateway.admin_token, api_key="none", base_url=gateway.base_url, max_retries=2, timeout=30
    ) as sdk:
        yield sdk.admin.organization


def ask(client, model):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}])


def until(seconds, done):
    """Ask again and again, until something true comes or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := done():
            return answer
    raise AssertionError("it did not come")


def test_an_ops_engineers_day(gateway, organization):
    # A newcomer is invited, with a group of their own choosing later.
    invite = organization.invites.create(
        email="olga@example.com", role="reader", extra_body={"temporary_password": "A-temporary-password-1"}
    )
    assert invite.status == "pending"
    assert organization.users.retrieve(invite.id).role == "reader"
    organization.groups.users.create("developers", user_id=invite.id)
    assert invite.id in {member.id for member in organization.groups.users.list("developers")}

    # Their key works, is narrowed, and stops working when they are disabled.
    key = gateway.key(invite.id, name="laptop")
    client = gateway.openai(key["value"])
    assert ask(client, gateway.model).choices
    narrowed = organization.projects.api_keys.update(key["id"], project_id="default", scopes=["mcp"])
    assert narrowed.model_extra["scopes"] == ["mcp"]
    until(10, lambda: refused(client, gateway.model, openai.PermissionDeniedError))

    second = gateway.openai(gateway.key(invite.id, name="second")["value"])
    assert ask(second, gateway.model).choices
    off = organization.users.update(invite.id, extra_body={"disabled": True})
    until(
        off.model_extra["effective_within_s"] + 5, lambda: refused(second, gateway.model, openai.PermissionDeniedError)
    )
    on = organization.users.update(invite.id, extra_body={"disabled": False})
    until(on.model_extra["effective_within_s"] + 5, lambda: not refused(second, gateway.model, openai.APIStatusError))

    # One key is revoked by its id alone; then the person goes, and every key with them.
    assert organization.projects.api_keys.delete(key["id"], project_id="default").deleted
    until(10, lambda: refused(client, gateway.model, openai.AuthenticationError))
    assert organization.users.delete(invite.id).deleted
    until(10, lambda: refused(second, gateway.model, openai.AuthenticationError))

    # And all of it is on record, with who did it.
    wanted = {"invite.sent", "role.assignment.created", "api_key.created", "api_key.updated", "user.updated"}
    wanted |= {"api_key.deleted", "user.deleted"}
    records = until(15, lambda: recorded(organization, invite.id, wanted))
    assert {record.actor.session.user.email for record in records} == {"admin@example.com"}
    assert [record.effective_at for record in records] == sorted((r.effective_at for r in records), reverse=True)


def refused(client, model, kind):
    try:
        ask(client, model)
    except kind:
        return True
    except openai.APIStatusError:
        return False
    return False


def recorded(organization, user_id, types):
    records = list(organization.audit_logs.list(resource_ids=[user_id], limit=3))
    return records if {record.type for record in records} >= types else None


def test_a_service_account_works_by_the_key_it_came_with(gateway, organization):
    accounts = organization.projects.service_accounts
    account = accounts.create("default", name="nightly job", extra_body={"group": "developers"})
    client = gateway.openai(account.api_key.value)
    assert ask(client, gateway.model).choices
    with gateway.http(account.api_key.value) as http:  # no key administers
        assert http.get("/organization/users").status_code == 401
    another = accounts.api_keys.create(account.id, project_id="default", name="second", scopes=["inference"])
    assert ask(gateway.openai(another.value), gateway.model).choices
    assert accounts.delete(account.id, project_id="default").deleted
    until(10, lambda: refused(client, gateway.model, openai.AuthenticationError))


def test_what_terraform_declares_is_refused_with_what_to_write(organization):
    assert [project.id for project in organization.projects.list()] == ["default"]
    with pytest.raises(openai.BadRequestError, match=r"terraform\.tfvars\.json"):
        organization.groups.create(name="auditors")
    with pytest.raises(openai.BadRequestError, match=r"terraform\.tfvars\.json"):
        organization.projects.model_permissions.update("default", mode="allow_list", model_ids=["nova-micro"])
    (limit,) = organization.projects.rate_limits.list_rate_limits("default")
    assert limit.max_requests_per_1_minute > 0


def test_what_makes_no_sense_here_is_not_found(organization):
    for absent in (
        organization.certificates.list,
        organization.roles.list,
        organization.admin_api_keys.list,
        organization.external_keys.list,
        organization.spend_alerts.list,
        organization.data_retention.retrieve,
        lambda: organization.users.roles.list("x"),
        lambda: organization.projects.spend_limit.retrieve("default"),
    ):
        with pytest.raises(openai.NotFoundError) as raised:
            absent()
        assert raised.value.code == "unknown_url"
