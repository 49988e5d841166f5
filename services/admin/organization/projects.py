"""/organization/projects: the one project, `default`, and what belongs to it. What Terraform declares is only shown."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.settings import settings
from services.admin import members, project, query
from services.admin.call import administrator, parameters
from services.admin.directory import directory
from services.admin.people import next_page, page
from services.admin.query import Query

router = Router()  # type: ignore[no-untyped-call]

_PROJECTS = "/organization/projects"
_PROJECT = _PROJECTS + "/<project_id>"
_USERS = _PROJECT + "/users"
_GROUPS = _PROJECT + "/groups"
_MODELS = _PROJECT + "/model_permissions"
_LIMITS = _PROJECT + "/rate_limits"


@router.get(_PROJECTS)
def list_projects() -> dict[str, Any]:
    administrator()
    wanted = query.paging(parameters(), also=("include_archived",))
    query.choice(parameters(), "include_archived", ("false", "true"))
    projects, more = query.cut([project.project(directory().declared())], lambda each: each["id"], wanted)
    return page(projects, more)


@router.post(_PROJECTS)
def create_project() -> dict[str, Any]:
    administrator()
    raise project.only_one()


@router.get(_PROJECT)
def retrieve_project(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    query.only(parameters())
    return project.project(directory().declared())


@router.post(_PROJECT)
def update_project(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    raise project.only_one()


@router.post(_PROJECT + "/archive")
def archive_project(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    raise project.only_one()


@router.get(_USERS)
def list_project_users(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    wanted = query.paging(parameters(), most=query.MOST, people=True)
    return members.listing(directory(), Query(wanted.limit, wanted.after), project.project_user)


@router.post(_USERS)
def create_project_user(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    raise project.membership()


@router.get(_USERS + "/<user_id>")
def retrieve_project_user(project_id: str, user_id: str) -> dict[str, Any]:
    _asked(project_id)
    query.only(parameters())
    return project.project_user(directory().person(user_id), directory().groups_of(user_id))


@router.post(_USERS + "/<user_id>")
def update_project_user(project_id: str, user_id: str) -> dict[str, Any]:
    _asked(project_id)
    directory().person(user_id)
    raise project.membership()


@router.delete(_USERS + "/<user_id>")
def delete_project_user(project_id: str, user_id: str) -> dict[str, Any]:
    _asked(project_id)
    directory().person(user_id)
    raise project.membership()


@router.get(_GROUPS)
def list_project_groups(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    wanted = query.paging(parameters(), also=("order",))
    groups, more = query.cut(directory().declared(), lambda each: each.group.name, wanted)
    return next_page([project.project_group(each) for each in groups], more, cursor="group_id")


@router.get(_MODELS)
def retrieve_model_permissions(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    query.only(parameters())
    return project.model_permissions(directory().groups())


@router.post(_MODELS)
def update_model_permissions(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    raise project.models_are_groups()


@router.delete(_MODELS)
def delete_model_permissions(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    raise project.models_are_groups()


@router.get(_LIMITS)
def list_rate_limits(project_id: str) -> dict[str, Any]:
    _asked(project_id)
    wanted = query.paging(parameters(), also=("before",))
    limits = sorted(_limits(), key=_id)
    before = query.text(parameters(), "before")
    limits, more = query.cut([each for each in limits if not before or each["id"] < before], _id, wanted)
    return page(limits, more)


@router.post(_LIMITS + "/<rate_limit_id>")
def update_rate_limit(project_id: str, rate_limit_id: str) -> dict[str, Any]:
    _asked(project_id)
    for limit in _limits():
        if limit["id"] == rate_limit_id:
            raise project.limit_is_declared(limit)
    raise Problem("not_found", thing="rate limit", id=rate_limit_id)


def _limits() -> list[dict[str, Any]]:
    return project.rate_limits(settings().rate_per_s, settings().burst, directory().groups())


def _asked(project_id: str) -> None:
    """An administrator asks, for the project there is: the first line of every route below it."""
    administrator()
    project.check(project_id)


def _id(entry: dict[str, Any]) -> str:
    return str(entry["id"])
