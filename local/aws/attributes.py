"""Which user attributes may be written: by the pool's schema, and by an app client's list."""

from moto.cognitoidp.exceptions import InvalidParameterException, NotAuthorizedError
from moto.cognitoidp.models import CognitoIdpUserPoolAttribute, CognitoIdpUserPoolClient

from local.aws.user_pool import UserPool

Attributes = list[dict[str, str]]
_STANDARD = CognitoIdpUserPoolAttribute.STANDARD_SCHEMA
_MAX_LENGTH = 2048  # Cognito's limit for any attribute


def check_schema(pool: UserPool, attributes: Attributes, *, creating: bool) -> None:
    """Raise InvalidParameterException as Cognito does: unknown, immutable or too long."""
    for attribute in attributes:
        name, value = attribute["Name"], attribute.get("Value", "")
        check_known(pool, [name])
        if not creating and not _mutable(pool, name):
            raise InvalidParameterException(f"user.{name}: Attribute cannot be updated.\n")
        if creating and name == "sub":
            raise InvalidParameterException("Cannot modify the non-mutable attribute sub")
        limit = _max_length(pool, name)
        if len(value) > limit:
            raise InvalidParameterException(
                f"Attributes did not conform to the schema: {name}: String must be no longer than {limit} characters\n"
            )


def check_known(pool: UserPool, names: list[str]) -> None:
    for name in names:
        if name not in pool.schema_attributes and name not in _STANDARD:
            raise InvalidParameterException(f"user.{name}: Attribute does not exist in the schema.\n")


def check_client_writes(client: CognitoIdpUserPoolClient, names: list[str]) -> None:
    """Raise NotAuthorizedException for an attribute outside the client's list. No list, or an empty one, allows all."""
    allowed = client.extended_config.get("WriteAttributes")
    if allowed and not set(names) <= set(allowed):
        raise NotAuthorizedError("A client attempted to write unauthorized attribute")


def split(attributes: Attributes) -> tuple[Attributes, list[str]]:
    """What to set and what to remove: a blank value removes its attribute.

    Source: AdminUpdateUserAttributes, "to delete an attribute … submit the attribute … with a blank value".
    """
    kept = [attribute for attribute in attributes if attribute.get("Value")]
    return kept, [attribute["Name"] for attribute in attributes if not attribute.get("Value")]


def _mutable(pool: UserPool, name: str) -> bool:
    defined = pool.schema_attributes.get(name)
    return bool(defined.mutable if defined else _STANDARD[name]["Mutable"])


def _max_length(pool: UserPool, name: str) -> int:
    defined = pool.schema_attributes.get(name)
    constraints = (defined.string_constraints if defined else None) or {}
    return int(constraints.get("MaxLength") or _MAX_LENGTH)
