"""OpenAI's Administration API by OpenAI's own client, every answer read strictly by the SDK's types."""

import json
import time

import openai
import pytest
from openai.types.admin.organization import (
    AuditLogListResponse,
    Group,
    GroupUpdateResponse,
    Invite,
    OrganizationUser,
    Project,
)
from openai.types.admin.organization.groups import (
    OrganizationGroupUser,
    UserCreateResponse,
    UserDeleteResponse,
    UserRetrieveResponse,
)
from openai.types.admin.organization.invite_delete_response import InviteDeleteResponse
from openai.types.admin.organization.projects import (
    APIKeyDeleteResponse,
    ProjectAPIKey,
    ProjectGroup,
    ProjectModelPermissions,
    ProjectRateLimit,
    ProjectServiceAccount,
    ProjectUser,
    ServiceAccountCreateResponse,
    ServiceAccountDeleteResponse,
)
from openai.types.admin.organization.projects.service_accounts import APIKeyCreateResponse

from pennyworth.settings import settings
from services.admin import aws

PASSWORD = "A-temporary-password-1"
NOBODY = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


def strict(kind, answer):
    """The answer as its JSON was, read by the SDK's type as strictly as pydantic can."""
    return kind.model_validate(answer.model_dump(mode="python", by_alias=True, exclude_unset=True), strict=True)


@pytest.fixture
def organization(client):
    return client.admin.organization


@pytest.fixture
def invited(organization):
    made = []

    def invite(**fields):
        email = f"guest{time.monotonic_ns()}@example.com"
        body = {"role": "reader", "extra_body": {"temporary_password": PASSWORD, **fields.pop("extra_body", {})}}
        made.append(organization.invites.create(email=email, **{**body, **fields}))
        return made[-1]

    yield invite
    for each in made:
        organization.users.delete(each.id) if each.id in {user.id for user in organization.users.list()} else None


def test_an_invite_is_pending_until_it_is_accepted_or_taken_back(organization, invited, cognito):
    invite = strict(Invite, invited(projects=[{"id": "default", "role": "member"}]))
    assert (invite.status, invite.role, invite.projects[0].id) == ("pending", "reader", "default")
    assert invite.expires_at - invite.created_at == 7 * 86400
    assert invite.id in {each.id for each in organization.invites.list()}
    assert strict(Invite, organization.invites.retrieve(invite.id)).email == invite.email

    cognito.call("admin_set_user_password", Username=invite.id, Password="Of-their-own-1234", Permanent=True)
    assert organization.invites.retrieve(invite.id).status == "accepted"
    assert invite.id not in {each.id for each in organization.invites.list()}
    with pytest.raises(openai.ConflictError, match="accepted"):
        organization.invites.delete(invite.id)

    another = invited()
    strict(InviteDeleteResponse, organization.invites.delete(another.id))
    with pytest.raises(openai.NotFoundError, match="There is no invite"):
        organization.invites.retrieve(another.id)


def test_without_a_group_an_invite_means_the_least_powerful_one(organization, invited):
    assert organization.users.retrieve(invited().id).model_extra["groups"] == ["restricted"]
    assert organization.users.retrieve(invited(role="owner").id).model_extra["groups"] == ["admins"]
    named = invited(extra_body={"group": "developers"})
    assert organization.users.retrieve(named.id).model_extra["groups"] == ["developers"]
    with pytest.raises(openai.BadRequestError, match="lets its people administer") as raised:
        invited(extra_body={"group": "admins"})
    assert raised.value.param == "group"


def test_without_a_password_cognito_mails_one(organization):
    """The words of docs/administration.md: an invite is an address and a role."""
    invite = strict(Invite, organization.invites.create(email=f"mail{time.monotonic_ns()}@example.com", role="reader"))
    assert invite.status == "pending"
    organization.users.delete(invite.id)


def test_invites_are_paged(organization, invited):
    made = {invited().id for _ in range(3)}
    assert made <= {each.id for each in organization.invites.list(limit=1)}


def test_a_role_moves_between_groups_and_back(organization, ada):
    owner = organization.users.update(ada, role="owner")
    assert (strict(OrganizationUser, owner).role, owner.model_extra["groups"]) == ("owner", ["admins", "developers"])
    reader = organization.users.update(ada, role="reader")
    assert (reader.role, reader.model_extra["groups"]) == ("reader", ["developers"])
    assert organization.users.update(ada, role="reader").model_extra["groups"] == ["developers"]


def test_who_was_an_owner_only_is_a_reader_of_the_least_powerful_group(organization, make_user):
    user_id = make_user("admins")
    assert organization.users.update(user_id, role="reader").model_extra["groups"] == ["restricted"]


def test_a_person_is_disabled_and_enabled_again(organization, ada, cognito):
    off = organization.users.update(ada, extra_body={"disabled": True})
    assert (off.model_extra["disabled"], off.model_extra["effective_within_s"]) == (True, 60)
    assert cognito.call("admin_get_user", Username=ada)["Enabled"] is False
    on = organization.users.update(ada, extra_body={"disabled": False, "name": "Ada"})
    assert (on.model_extra["disabled"], on.name) == (False, "Ada")
    assert cognito.call("admin_get_user", Username=ada)["Enabled"] is True


def test_nobody_takes_their_own_right_away(organization, admin_id):
    for change in ({"role": "reader"}, {"extra_body": {"disabled": True}}):
        with pytest.raises(openai.ConflictError, match=r"yourself|your own"):
            organization.users.update(admin_id, **change)
    with pytest.raises(openai.ConflictError, match="your own"):
        organization.groups.users.delete(admin_id, group_id="admins")
    assert organization.users.retrieve(admin_id).role == "owner"


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, None), ({"role": "king"}, "role"), ({"disabled": "yes"}, "disabled"), ({"role_id": "x"}, "role_id")],
)
def test_a_change_that_cannot_be_meant_is_refused_by_field(ask, ada, body, param):
    answer = ask("POST", f"/organization/users/{ada}", body)
    assert (answer.status, answer.error["param"]) == (400, param)


def test_people_are_searched_by_address_and_name(ask, organization, make_user):
    found = make_user("developers", "Zoe.Quill@example.com")
    organization.users.update(found, extra_body={"name": "Zoé"})
    for text in ("quill@", "ZOE.", "zoé"):
        listed = ask("GET", "/organization/users", query=f"search={text}").json
        assert [user["id"] for user in listed["data"]] == [found]
    assert ask("GET", "/organization/users", query="search=a&emails[]=a@example.com").status == 400


def test_groups_are_listed_with_their_policy(organization):
    groups = list(organization.groups.list(limit=1))
    assert [strict(Group, group).name for group in groups] == ["admins", "developers", "restricted"]
    assert groups[2].model_extra["policy"] == {
        "actions": ["inference"],
        "models": ["nova-*"],
        "guardrail": None,
        "guardrails": [],
        "budget_usd": None,
        "user_budget_usd": None,
        "rate": None,
        "tools": {"allow": None, "deny": []},
    }
    assert [group.id for group in organization.groups.list(order="desc")] == ["restricted", "developers", "admins"]
    strict(GroupUpdateResponse, organization.groups.retrieve("admins"))
    with pytest.raises(openai.NotFoundError, match="There is no group 'gods'"):
        organization.groups.retrieve("gods")


def test_a_group_is_made_changed_and_removed_in_terraform(organization):
    with pytest.raises(openai.BadRequestError, match=r"IAM role.*terraform\.tfvars\.json") as raised:
        organization.groups.create(name="auditors")
    assert '"auditors": {"precedence": 50, "actions": ["inference"], "models": ["*"]}' in raised.value.message
    with pytest.raises(openai.BadRequestError, match=r'"builders": .*"precedence": 20.*remove "developers"'):
        organization.groups.update("developers", name="builders")
    with pytest.raises(openai.BadRequestError, match='remove "developers" from'):
        organization.groups.delete("developers")


def test_people_come_into_groups_and_leave_them(organization, ada, cognito):
    users = organization.groups.users
    strict(UserCreateResponse, users.create("restricted", user_id=ada))
    users.create("restricted", user_id=ada)  # twice is no fault
    assert ada in {strict(OrganizationGroupUser, each).id for each in users.list("restricted", limit=1)}
    assert strict(UserRetrieveResponse, users.retrieve(ada, group_id="restricted")).is_service_account is False
    strict(UserDeleteResponse, users.delete(ada, group_id="restricted"))
    with pytest.raises(openai.NotFoundError):
        users.retrieve(ada, group_id="restricted")
    with pytest.raises(openai.NotFoundError):
        users.delete(ada, group_id="restricted")
    with pytest.raises(openai.NotFoundError, match="There is no user"):
        users.create("restricted", user_id=NOBODY)
    assert [g["GroupName"] for g in cognito.call("admin_list_groups_for_user", Username=ada)["Groups"]] == [
        "developers"
    ]


def test_there_is_one_project_and_it_stays_as_it_is(organization):
    (project,) = organization.projects.list()
    assert strict(Project, project).id == "default"
    assert organization.projects.retrieve("default").created_at == project.created_at
    for refused in (
        lambda: organization.projects.create(name="another"),
        lambda: organization.projects.update("default", name="mine"),
        lambda: organization.projects.archive("default"),
    ):
        with pytest.raises(openai.BadRequestError, match=r"one project here.*another environment"):
            refused()
    with pytest.raises(openai.NotFoundError, match="There is no project 'other'"):
        organization.projects.retrieve("other")


def test_everyone_is_in_the_project(organization, ada, admin_id):
    users = organization.projects.users
    roles = {strict(ProjectUser, each).id: each.role for each in users.list("default", limit=2)}
    assert (roles[ada], roles[admin_id]) == ("member", "owner")
    assert users.retrieve(ada, project_id="default").role == "member"
    for refused in (
        lambda: users.create("default", user_id=ada, role="member"),
        lambda: users.update(ada, project_id="default", role="owner"),
        lambda: users.delete(ada, project_id="default"),
    ):
        with pytest.raises(openai.BadRequestError, match="Everyone is in the project"):
            refused()
    groups = [strict(ProjectGroup, each).group_id for each in organization.projects.groups.list("default", limit=1)]
    assert groups == ["admins", "developers", "restricted"]


def test_a_service_account_has_a_key_and_no_sign_in(organization, cognito):
    accounts = organization.projects.service_accounts
    made = accounts.create("default", name="CI bot", expires_in_seconds=3600)
    strict(ServiceAccountCreateResponse, made)
    assert made.api_key.value.startswith("sk-pw-")
    assert made.api_key.expires_at - made.api_key.created_at == 3600
    stored = cognito.call("admin_get_user", Username=made.id)
    attributes = {pair["Name"]: pair["Value"] for pair in stored["UserAttributes"]}
    assert stored["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert attributes["email"].startswith("service-account.ci-bot.")
    assert attributes["email"].endswith("@pennyworth.invalid")
    assert attributes["email_verified"] == "false"
    assert organization.users.retrieve(made.id).is_service_account is True
    assert made.id not in {each.id for each in organization.invites.list()}

    assert made.id in {strict(ProjectServiceAccount, each).id for each in accounts.list("default")}
    renamed = accounts.update(made.id, project_id="default", name="CD bot")
    assert (renamed.name, accounts.retrieve(made.id, project_id="default").name) == ("CD bot", "CD bot")
    with pytest.raises(openai.BadRequestError, match="cannot administer"):
        accounts.update(made.id, project_id="default", role="owner")
    another = accounts.api_keys.create(made.id, project_id="default", name="second", scopes=["inference"])
    strict(APIKeyCreateResponse, another)
    strict(ServiceAccountDeleteResponse, accounts.delete(made.id, project_id="default"))
    with pytest.raises(openai.NotFoundError, match="There is no service account"):
        accounts.retrieve(made.id, project_id="default")


def test_a_service_account_can_be_made_without_a_key_and_in_a_group(organization):
    accounts = organization.projects.service_accounts
    extra = {"group": "developers"}
    made = accounts.create("default", name="worker", create_service_account_only=True, extra_body=extra)
    assert made.api_key is None
    assert organization.users.retrieve(made.id).model_extra["groups"] == ["developers"]
    with pytest.raises(openai.BadRequestError):
        accounts.create("default", name="root", extra_body={"group": "admins"})
    accounts.delete(made.id, project_id="default")


def test_a_person_is_no_service_account_and_cannot_become_one(ask, organization, ada):
    with pytest.raises(openai.NotFoundError):
        organization.projects.service_accounts.delete(ada, project_id="default")
    body = {"email": "service-account.x@pennyworth.invalid", "group": "developers", "temporary_password": PASSWORD}
    answer = ask("POST", "/organization/users", body)
    assert (answer.status, answer.error["param"]) == (400, "email")


def test_all_peoples_keys_are_listed_narrowed_and_revoked(ask, organization, ada):
    keys = organization.projects.api_keys
    minted = ask("POST", f"/organization/users/{ada}/api_keys", {"name": "laptop"}).json
    account = organization.projects.service_accounts.create("default", name="bot")
    listed = {strict(ProjectAPIKey, each).id: each for each in keys.list("default", limit=1)}
    assert listed[minted["id"]].owner.user.id == ada
    assert listed[account.api_key.id].owner.service_account.id == account.id
    assert (listed[minted["id"]].last_used_at, listed[minted["id"]].owner_project_access) == (None, "active")
    assert minted["value"] not in json.dumps([each.model_dump() for each in listed.values()])

    narrowed = keys.update(minted["id"], project_id="default", scopes=["inference"], expires_in_seconds=60)
    assert narrowed.model_extra["scopes"] == ["inference"]
    assert keys.retrieve(minted["id"], project_id="default").expires_at == narrowed.expires_at
    with pytest.raises(openai.BadRequestError, match="never gets more"):
        keys.update(minted["id"], project_id="default", scopes=["mcp"])

    organization.users.update(ada, extra_body={"disabled": True})
    assert [each.id for each in keys.list("default", owner_project_access="inactive")] == [minted["id"]]
    strict(APIKeyDeleteResponse, keys.delete(minted["id"], project_id="default"))
    with pytest.raises(openai.NotFoundError, match="There is no key"):
        keys.retrieve(minted["id"], project_id="default")


def test_models_and_limits_are_shown_and_changed_in_terraform(organization):
    models = organization.projects.model_permissions
    shown = models.retrieve("default")
    strict(ProjectModelPermissions, shown)
    assert (shown.api_model_ids, shown.model_extra["groups"]["restricted"]) == (["*", "nova-*"], ["nova-*"])
    with pytest.raises(openai.BadRequestError, match=r"terraform\.tfvars\.json"):
        models.update("default", mode="allow_list", model_ids=["nova-micro"])
    with pytest.raises(openai.BadRequestError, match=r"terraform\.tfvars\.json"):
        models.delete("default")
    limits = organization.projects.rate_limits
    (limit,) = limits.list_rate_limits("default")
    assert strict(ProjectRateLimit, limit).max_requests_per_1_minute == 30_000
    with pytest.raises(openai.BadRequestError, match='"throttle"'):
        limits.update_rate_limit(limit.id, project_id="default", max_requests_per_1_minute=1)


@pytest.fixture
def shipped(log):
    """Bring what the service has logged to CloudWatch, each line a second after the one before."""
    logs, group = aws.client("logs"), settings().log_group
    where = {"logGroupName": group, "logStreamName": "test"}

    def ship():
        lines = log()
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
            logs.create_log_stream(**where)
        first = int(time.time() * 1000) - len(lines) * 1000
        events = [{"timestamp": first + 1000 * n, "message": json.dumps(line)} for n, line in enumerate(lines)]
        logs.put_log_events(**where, logEvents=events)

    return ship


def test_every_change_is_in_the_audit_log_newest_first(ask, organization, ada, admin_id, shipped):
    key = ask("POST", f"/organization/users/{ada}/api_keys", {"name": "k", "scopes": ["inference"]}).json
    organization.users.update(ada, role="owner")
    organization.groups.users.create("restricted", user_id=ada)
    organization.groups.users.delete(ada, group_id="restricted")
    organization.projects.api_keys.delete(key["id"], project_id="default")
    organization.users.delete(ada)
    shipped()

    mine = list(organization.audit_logs.list(resource_ids=[ada], limit=2))
    assert [strict(AuditLogListResponse, each).type for each in mine] == [
        "user.deleted",
        "api_key.deleted",
        "role.assignment.deleted",
        "role.assignment.created",
        "user.updated",
        "api_key.created",
    ]
    assert {(each.actor.session.user.id, each.actor.session.ip_address) for each in mine} == {(admin_id, "192.0.2.7")}
    assert mine[0].actor.session.user.email == "admin@example.com"
    assert (mine[5].api_key_created.id, mine[5].api_key_created.data.scopes) == (key["id"], ["inference"])
    assert mine[4].user_updated.changes_requested.role == "owner"
    assert (mine[3].role_assignment_created.principal_id, mine[3].role_assignment_created.resource_id) == (
        ada,
        "restricted",
    )

    logs = organization.audit_logs
    assert [each.id for each in logs.list(resource_ids=[ada], before=mine[2].id)] == [each.id for each in mine[:2]]
    newer = logs.list(resource_ids=[ada], before=mine[2].id, limit=1)
    assert ([each.id for each in newer.data], newer.has_more) == ([mine[1].id], True)
    deletions = logs.list(event_types=["user.deleted"], actor_emails=["admin@example.com"])
    assert deletions.data[0].id == mine[0].id
    at = mine[3].effective_at
    between = logs.list(resource_ids=[ada], effective_at={"gte": at, "lt": mine[1].effective_at})
    assert {each.id for each in between} == {mine[2].id, mine[3].id}
    assert not list(logs.list(actor_emails=["nobody@example.com"]))
    assert not list(logs.list(project_ids=["other"]))
    assert not list(logs.list(actor_ids=[NOBODY]))


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("after=x", "after"),
        ("after=audit_log-zz-1", "after"),
        ("effective_at[gt]=yesterday", "effective_at[gt]"),
        ("effective_at[gt]=1900000000000", "effective_at[gt]"),
        ("limit=101", "limit"),
        ("types=user.added", "types"),
        ("after=audit_log-1-1&before=audit_log-1-1", "before"),
    ],
)
def test_a_bad_query_of_the_audit_log_is_refused_by_parameter(ask, query, param):
    answer = ask("GET", "/organization/audit_logs", query=query)
    assert (answer.status, answer.error["param"]) == (400, param)
