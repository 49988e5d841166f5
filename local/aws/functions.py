"""Lambda over moto: the settings of a function's log, its code for whoever asks where that is, and refusals of what
AWS refuses."""

import base64
import json
from typing import Any

from moto.awslambda import models, urls
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import TYPE_RESPONSE
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from local.aws.server import CODE

_ENVIRONMENT_LIMIT = 4096  # bytes of all names and values


class Function(LambdaFunction):
    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        super().__init__(account_id, spec, region, version)
        _check_role(account_id, self.partition, self.role)
        _check_environment(self.environment_vars)
        self._logging = spec.get("LoggingConfig") or {}

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        usual = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        return super().get_configuration(on_create) | {"LoggingConfig": usual | self._logging}

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        _check_environment(config_updates.get("Environment", {}).get("Variables", {}))
        self._logging = config_updates.get("LoggingConfig") or self._logging
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        return super().update_configuration(config_updates)


class FunctionActions(LambdaResponse):
    def create_alias(self) -> TYPE_RESPONSE:
        _check_weights(self.json_body)
        return super().create_alias()

    def update_alias(self) -> TYPE_RESPONSE:
        _check_weights(self.json_body)
        return super().update_alias()

    def get_function(self) -> str:
        answer = json.loads(super().get_function())
        location = self._location(answer["Configuration"]["CodeSha256"])
        return json.dumps(answer | {"Code": {"RepositoryType": "S3", "Location": location}})

    def get_layer_version(self) -> str:
        answer = json.loads(super().get_layer_version())
        answer["Content"]["Location"] = self._location(answer["Content"]["CodeSha256"])
        return json.dumps(answer)

    def _location(self, sha_256: str) -> str:
        """Like AWS's presigned address: whoever knows it may read."""
        return f"http://{self.headers['Host']}{CODE}{base64.b64decode(sha_256).hex()}"


def _check_role(account_id: str, partition: str, arn: str) -> None:
    try:
        role = iam_backends[account_id][partition].get_role_by_arn(arn)
    except NotFoundException:
        return  # moto refuses it in a moment
    for statement in json.loads(role.assume_role_policy_document)["Statement"]:
        principal = statement.get("Principal", {})
        if statement["Effect"] == "Allow" and "lambda.amazonaws.com" in principal.get("Service", ()):
            return
    raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")


def _check_environment(variables: dict[str, str]) -> None:
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > _ENVIRONMENT_LIMIT:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {json.dumps(variables)}"
        )


def _check_weights(alias: dict[str, Any]) -> None:
    """A canary has to be another version than the alias's own."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if alias.get("FunctionVersion") in weights:
        raise InvalidParameterValueException("An alias's additional version must differ from its function version.")


def install() -> None:
    models.LambdaFunction = Function
    for path, action in urls.url_paths.items():
        if action == LambdaResponse.dispatch:
            urls.url_paths[path] = FunctionActions.dispatch


def code(sha_256: str) -> bytes | None:
    """The zip file of a function or a layer that has this hash, in hexadecimal."""
    for account in lambda_backends.values():
        for backend in account.values():
            layers = [layer.layer_versions.values() for layer in backend._layers._layers.values()]
            for each in [*backend._lambdas.all(), *(version for versions in layers for version in versions)]:
                if base64.b64decode(each.code_sha_256).hex() == sha_256:
                    return bytes(each.code_bytes)
    return None
