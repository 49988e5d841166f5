"""What the API takes: openapi.yaml's requests, held to it by a contract test."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.admin.money import microusd
from services.admin.people import NOWHERE

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_EMAIL_LENGTH = 128  # Cognito's limit for a username, which the address is given as
_PATTERN = re.compile(r"[A-Za-z0-9._:/*?-]+")
_TOOL_PATTERN = re.compile(r"@[a-z][a-z0-9-]{0,31}|[A-Za-z0-9._:/*?-]+")
_TEN_YEARS_S = 315_360_000
_THIRTY_DAYS_S = 2_592_000
_YEAR_9999 = 253402300799  # what lies beyond is a time in milliseconds


def email(text: str) -> str:
    """An address in lower case, as people compare them. Raises ValueError."""
    if len(text) > _EMAIL_LENGTH or not _EMAIL.fullmatch(text):
        raise ValueError(f"it must be an e-mail address of at most {_EMAIL_LENGTH} ASCII characters")
    return text.lower()


def _persons(address: str) -> str:
    if address.endswith(NOWHERE):
        raise ValueError("addresses of this domain are those of service accounts")
    return address


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it must not hold control characters")
    return text


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("it must not be blank")
    return _printable(text)


def _no_spaces(text: str) -> str:
    if any(map(str.isspace, text)):
        raise ValueError("it must not hold spaces")
    return _printable(text)


def _pattern(text: str) -> str:
    if not _PATTERN.fullmatch(text):
        raise ValueError("it must be a model's name, or a pattern with * and ?, of letters, digits and . _ : / -")
    return text


def _tool_pattern(text: str) -> str:
    if not _TOOL_PATTERN.fullmatch(text):
        raise ValueError(
            "it must be a tool's name, a pattern with * and ?, of letters, digits and . _ - :, or @toolset"
        )
    return text


def _seconds(time: int | None) -> int | None:
    if time is not None and time > _YEAR_9999:
        raise ValueError("it must be in seconds, not milliseconds")
    return time


def _sum(usd: float) -> float:
    microusd(usd)
    return usd


_Email = Annotated[str, AfterValidator(email), AfterValidator(_persons)]
_PersonName = Annotated[str, Field(max_length=256), AfterValidator(_printable)]
_Password = Annotated[str, Field(min_length=12, max_length=256, repr=False), AfterValidator(_no_spaces)]
_Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_visible)]
_Scopes = Annotated[list[Literal["inference", "mcp", "usage"]], Field(min_length=1)]
_Models = Annotated[
    list[Annotated[str, Field(max_length=64), AfterValidator(_pattern)]], Field(min_length=1, max_length=20)
]
_Tools = Annotated[
    list[Annotated[str, Field(max_length=128), AfterValidator(_tool_pattern)]], Field(min_length=1, max_length=20)
]
_Lifetime = Annotated[int, Field(ge=1, le=_TEN_YEARS_S)]  # seconds
_Budget = Annotated[float, Field(ge=0, le=1_000_000_000), AfterValidator(_sum)]  # dollars a month


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class UserRequest(_Body):
    email: _Email
    group: str
    name: _PersonName = ""
    temporary_password: _Password = ""


class UserUpdate(_Body):
    """What is left out, or null, stays as it is; a `budget_usd` of null gives the person the group's again."""

    role: Literal["owner", "reader"] | None = None
    disabled: bool | None = None
    name: _PersonName | None = None
    budget_usd: _Budget | None = None


class InviteProject(_Body):
    id: Literal["default"]
    role: Literal["member", "owner"]


class InviteRequest(_Body):
    email: _Email
    role: Literal["owner", "reader"]
    projects: list[InviteProject] = []
    group: str | None = None
    name: _PersonName = ""
    temporary_password: _Password = ""


class GroupRequest(_Body):
    name: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_visible)]


class GroupUserRequest(_Body):
    user_id: str


class ServiceAccountRequest(_Body):
    name: _Name
    create_service_account_only: bool | None = None
    expires_in_seconds: _Lifetime | None = None
    group: str | None = None


class ServiceAccountUpdate(_Body):
    name: _Name | None = None
    role: Literal["member", "owner"] | None = None


class ServiceAccountKeyRequest(_Body):
    name: _Name = "service account"
    scopes: _Scopes = []
    expires_in_seconds: _Lifetime | None = None


class ProjectKeyUpdate(_Body):
    scopes: _Scopes = []
    expires_in_seconds: _Lifetime | None = None


class _Expiry(_Body):
    expires_at: Annotated[int | None, AfterValidator(_seconds)] = None
    expires_in: Annotated[int | None, Field(ge=1, le=_TEN_YEARS_S)] = None

    @field_validator("expires_in")
    @classmethod
    def _one_of_them(cls, seconds: int | None, others: ValidationInfo) -> int | None:
        if seconds is not None and others.data.get("expires_at") is not None:
            raise ValueError("it cannot be sent with expires_at, only in its place")
        return seconds

    def ends_at(self, now: float) -> int | None:
        """Unix seconds; None for never."""
        return self.expires_at if self.expires_in is None else int(now) + self.expires_in


class ApiKeyRequest(_Expiry):
    name: _Name
    scopes: _Scopes = []
    models: _Models = []
    budget_usd: _Budget | None = None
    tools: _Tools = []


class ApiKeyUpdate(_Expiry):
    """What is left out stays as it is."""

    name: _Name = ""
    scopes: _Scopes = []
    models: _Models = []
    budget_usd: _Budget | None = None
    tools: _Tools = []


class RotationRequest(_Body):
    overlap_s: Annotated[int, Field(ge=0, le=_THIRTY_DAYS_S)]
