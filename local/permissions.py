"""IAM policies of the roles: what each function and each group may do, and who may assume the role. Pure."""

from collections.abc import Iterable
from typing import Any

Policy = dict[str, Any]

_FEDERATED = "cognito-identity.amazonaws.com"
# Geographies of Bedrock's cross-region inference profiles: what stands before the model's own id.
_GEOGRAPHIES = ("us.", "eu.", "apac.", "jp.", "au.", "us-gov.", "global.")


def trusted_function() -> Policy:
    """Lambda may assume the role."""
    return _policy(
        {
            "Sid": "Lambda",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


def trusted_identity(identity_pool_id: str) -> Policy:
    """Whom this identity pool vouches for may assume the role, with tags that name them on the bill."""
    return _policy(
        {
            "Sid": "SignedInIdentities",
            "Effect": "Allow",
            "Principal": {"Federated": _FEDERATED},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {
                "StringEquals": {f"{_FEDERATED}:aud": identity_pool_id},
                "ForAnyValue:StringLike": {f"{_FEDERATED}:amr": "authenticated"},
            },
        }
    )


def models(model_ids: Iterable[str], region: str, account_id: str) -> Policy:
    """Exactly these models may be invoked. A cross-region profile also needs its model in every region it routes to."""
    resources: set[str] = set()
    for model_id in model_ids:
        geography = next((prefix for prefix in _GEOGRAPHIES if model_id.startswith(prefix)), "")
        resources.add(f"arn:aws:bedrock:*::foundation-model/{model_id.removeprefix(geography)}")
        if geography:
            resources.add(f"arn:aws:bedrock:{region}:{account_id}:inference-profile/{model_id}")
    return _policy(
        _allow("Models", ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"], sorted(resources))
    )


def function(
    key: str, *, name: str, region: str, account_id: str, user_pool_arn: str, identity_pool_arn: str, parameters: str
) -> Policy:
    """What a function's own role may do. `parameters`: the installation's path in Parameter Store."""
    parameter = f"arn:aws:ssm:{region}:{account_id}:parameter{parameters}"
    logs = f"arn:aws:logs:{region}:{account_id}:log-group:/aws/lambda/{name}:*"
    functions = f"arn:aws:lambda:{region}:{account_id}:function:{name.removesuffix(key)}"
    pepper = _allow("Pepper", ["ssm:GetParameter"], [f"{parameter}/key-pepper"])
    own = {
        "authorizer": [
            _allow("Directory", ["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser"], [user_pool_arn]),
            pepper,
        ],
        "openai": [
            _allow("Identities", ["cognito-identity:GetOpenIdTokenForDeveloperIdentity"], [identity_pool_arn]),
            _allow("UpstreamKey", ["ssm:GetParameter"], [f"{parameter}/upstream-key"]),
        ],
        "mcp": [_allow("Inference", ["lambda:InvokeFunction"], [f"{functions}openai", f"{functions}openai:*"])],
        "admin": [
            _allow("Directory", [f"cognito-idp:{action}" for action in _ADMINISTRATION], [user_pool_arn]),
            pepper,
            _allow("Locks", ["ssm:GetParameter", "ssm:PutParameter"], [f"{parameter}/locks/*"]),
        ],
    }
    return _policy(
        _allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [logs]),
        # X-Ray knows no resources.
        _allow("Traces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
        *own[key],
    )


_ADMINISTRATION = (
    "AdminAddUserToGroup",
    "AdminCreateUser",
    "AdminDeleteUser",
    "AdminDeleteUserAttributes",
    "AdminGetUser",
    "AdminListGroupsForUser",
    "AdminUpdateUserAttributes",
    "ListGroups",
    "ListUsers",
)


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
