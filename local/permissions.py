"""IAM policies of the roles: what each function and each group may do, and who may assume the role. Pure."""

import json
from collections.abc import Iterable
from typing import Any

from local.plan import ROOT

Policy = dict[str, Any]

_FEDERATED = "cognito-identity.amazonaws.com"
# What stands before a model's id in the id of a cross-Region inference profile.
_GEOGRAPHIES = tuple(json.loads((ROOT / "terraform" / "modules" / "identity" / "geographies.json").read_bytes()))
_INVOCATION = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
_FILES = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
]


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


def group(model_ids: Iterable[str], region: str, account_id: str, bucket_arn: str) -> Policy:
    """Exactly these models may be invoked, and whose session it is reaches the files below their own prefix.

    A cross-Region profile needs its model wherever it routes to, and that through the profile alone.
    """
    here, models, profiles, destinations = f"arn:aws:bedrock:{region}", set(), set(), set()
    counted = set()  # by the model itself, also where it is invoked by a profile alone
    for model_id in model_ids:
        geography = next((name for name in _GEOGRAPHIES if model_id.startswith(f"{name}.")), None)
        counted.add(f"{here}::foundation-model/{model_id.removeprefix(f'{geography}.')}")
        if geography is None:
            models.add(f"{here}::foundation-model/{model_id}")
            continue
        profiles.add(f"{here}:{account_id}:inference-profile/{model_id}")
        for to in ("", region) if geography == "global" else ("*",):
            destinations.add(f"arn:aws:bedrock:{to}::foundation-model/{model_id.removeprefix(f'{geography}.')}")
    through = {"StringEquals": {"bedrock:InferenceProfileArn": sorted(profiles)}}
    tagged = {"aws:PrincipalTag/user": "?*"}  # who has no such tag, or an empty one, has no files
    folder = "users/${aws:PrincipalTag/user}"
    statements = [
        _allow("Models", _INVOCATION, sorted(models)),
        _allow("Profiles", _INVOCATION, sorted(profiles)),
        _allow("ModelsOfProfiles", _INVOCATION, sorted(destinations)) | {"Condition": through},
        _allow("Files", _FILES, [f"{bucket_arn}/{folder}/*"]) | {"Condition": {"StringLike": tagged}},
        _allow("FileNames", ["s3:ListBucket"], [bucket_arn])
        | {"Condition": {"StringLike": {**tagged, "s3:prefix": f"{folder}/*"}}},
        _allow("TokenCounts", ["bedrock:CountTokens"], sorted(counted)),
    ]
    return _policy(*(statement for statement in statements if statement["Resource"]))


def function(
    key: str,
    *,
    name: str,
    region: str,
    account_id: str,
    user_pool_arn: str,
    identity_pool_arn: str,
    parameters: str,
    upstream_key: bool,
) -> Policy:
    """What a function's own role may do. `parameters`: the installation's path in Parameter Store; `upstream_key`:
    whether an upstream's key lies there."""
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
            *([_allow("UpstreamKey", ["ssm:GetParameter"], [f"{parameter}/upstream-key"])] if upstream_key else []),
        ],
        "mcp": [_allow("Inference", ["lambda:InvokeFunction"], [f"{functions}openai:live"])],
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
