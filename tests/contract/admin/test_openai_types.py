"""Our objects, read strictly by the types of OpenAI's SDK."""

from openai.types.admin.organization.organization_user import OrganizationUser
from openai.types.admin.organization.user_delete_response import UserDeleteResponse

from pennyworth.policy import Group, GroupPolicy
from services.admin.people import Person, deleted, user

ID = "3f2a0000-0000-4000-8000-000000000001"
PERSON = Person(id=ID, email="ada@example.com", name="Ada", added_at=1_800_000_000, enabled=True)
GROUPS = [Group("admins", 10, "", GroupPolicy(frozenset({"admin"}), ("*",)))]


def test_a_user_is_an_organization_user():
    shown = user(PERSON, GROUPS)
    read = OrganizationUser.model_validate(shown, strict=True)
    assert (read.id, read.email, read.name, read.role, read.added_at) == (
        ID,
        "ada@example.com",
        "Ada",
        "owner",
        1_800_000_000,
    )
    assert set(shown) - set(OrganizationUser.model_fields) == {"groups", "disabled", "budget_usd", "spent_usd"}


def test_a_deletion_is_a_user_delete_response():
    read = UserDeleteResponse.model_validate(deleted("organization.user", ID, 60), strict=True)
    assert (read.id, read.deleted) == (ID, True)
