"""Every call as its user: whom Bedrock and S3 see, and what IAM lets that one do."""

import time

import boto3
import httpx
import jwt
import openai
import pytest
from botocore.client import UNSIGNED, Config
from botocore.exceptions import ClientError

ASK = [{"role": "user", "content": 'Say "good morning"'}]
BODY = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
ROLES = "arn:aws:sts::123456789012:assumed-role/pennyworth-local-group-"
ROLES_TAGS = {"application": "pennyworth", "environment": "local"}
BUCKET = "pennyworth-local-123456789012"
FUNCTIONS = ("authorizer", "openai", "mcp", "admin", "ledger")


@pytest.fixture(scope="module")
def grace(gateway):
    """Her id, and her key {id, value}."""
    user = gateway.user("hedy@example.com")
    return user, gateway.key(user)


@pytest.fixture(scope="module")
def client(gateway, grace):
    return gateway.openai(grace[1]["value"])


def chat(client):
    client.chat.completions.create(model="nova-lite", messages=ASK)


def streamed_chat(client):
    list(client.chat.completions.create(model="claude-haiku-4.5", messages=ASK, stream=True))


def native_chat(client):
    client.chat.completions.create(model="gpt-oss-120b", messages=ASK)


def embedding(client):
    client.embeddings.create(model="titan-embed-text-v2", input="owls")


def response(client):
    client.responses.create(model="nova-lite", input="Hello")


@pytest.mark.parametrize("call", [chat, streamed_chat, native_chat, embedding, response])
def test_bedrock_sees_the_keys_owner(client, grace, calls, call):
    call(client)
    seen = calls()[-1]
    assert seen["principal_arn"] == f"{ROLES}developers/hedy@example.com"
    assert seen["principal_tags"] == {"user": grace[0], "group": "developers", "key": grace[1]["id"], **ROLES_TAGS}


def test_bedrock_sees_who_is_signed_in(gateway, calls):
    claims = jwt.decode(gateway.admin_token, options={"verify_signature": False})
    chat(gateway.openai(gateway.admin_token))
    seen = calls()[-1]
    assert seen["principal_arn"] == f"{ROLES}admins/{claims['email']}"
    assert seen["principal_tags"] == {"user": claims["sub"], "group": "admins", **ROLES_TAGS}


def test_a_model_beyond_the_groups_policy_is_not_asked_for(gateway, calls):
    client = gateway.member("restricted")
    chat(client)
    with pytest.raises(openai.PermissionDeniedError) as raised:
        streamed_chat(client)
    assert raised.value.code == "model_not_allowed"
    assert len(calls()) == 1


@pytest.mark.parametrize("call", [streamed_chat, native_chat, embedding])
def test_where_the_policy_lets_all_pass_the_role_still_does_not(gateway, calls, call):
    client = gateway.member(gateway.group("*", role_models=("nova-lite",)))
    chat(client)
    with pytest.raises(openai.PermissionDeniedError) as raised:
        call(client)
    assert raised.value.code == "provider_denied"
    assert [seen["error"] for seen in calls()] == [None, "AccessDeniedException"]


def test_who_changes_groups_is_seen_in_the_new_one(gateway, calls):
    """As soon as the authorizer's answer is no longer kept: the session of the old role is not used again."""
    user = gateway.user("changing@example.com")
    client = gateway.openai(gateway.key(user)["value"])
    chat(client)
    seen = calls()[-1]
    assert seen["principal_arn"] == f"{ROLES}developers/changing@example.com"
    with gateway.admin() as admin:
        admin.post("/organization/groups/restricted/users", json={"user_id": user}).raise_for_status()
        admin.delete(f"/organization/groups/developers/users/{user}").raise_for_status()
    deadline = time.monotonic() + 30
    while seen["principal_tags"]["group"] != "restricted" and time.monotonic() < deadline:
        chat(client)
        seen = calls()[-1]
    assert seen["principal_arn"] == f"{ROLES}restricted/changing@example.com"


def session_of(gateway, user, group="developers"):
    """What the gateway makes for a user, made by unmodified boto3: keys for its clients."""
    pool, tags = gateway.facts["identity_pool_id"], {"user": user, "group": group} if user else {}
    identity, login = gateway.aws("cognito-identity"), {"pennyworth": user or "nobody"}
    token = identity.get_open_id_token_for_developer_identity(IdentityPoolId=pool, Logins=login, PrincipalTags=tags)
    sts = boto3.client(
        "sts", region_name="us-east-1", endpoint_url=gateway.aws_url, config=Config(signature_version=UNSIGNED)
    )
    role = f"arn:aws:iam::123456789012:role/pennyworth-local-group-{group}"
    return keys(sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ada", WebIdentityToken=token["Token"]))


def keys(answer):
    made = answer["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


def denied(action, call, **asked):
    """AWS's own words for what is nobody's to do."""
    with pytest.raises(ClientError) as raised:
        call(**asked)
    assert raised.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")
    if raised.value.operation_name != "HeadObject":  # whose answer has no body
        told = raised.value.response["Error"]["Message"]
        assert "is not authorized to perform: " + action in told
        assert told.endswith(f"because no identity-based policy allows the {action} action")


@pytest.fixture(scope="module")
def s3(gateway):
    """Ada's."""
    return gateway.aws("s3", **session_of(gateway, "ada"))


@pytest.fixture(scope="module")
def theirs(gateway):
    """The key of an object that is somebody else's."""
    key = "users/bob/files/secret"
    gateway.aws("s3", **session_of(gateway, "bob")).put_object(Bucket=BUCKET, Key=key, Body=b"owls")
    return key


def test_people_reach_what_is_below_their_own_prefix(s3):
    at = {"Bucket": BUCKET, "Key": "users/ada/files/mine"}
    s3.put_object(**at, Body=b"owls")
    assert s3.get_object(**at)["Body"].read() == b"owls"
    assert s3.head_object(**at)["ContentLength"] == 4
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="users/ada/")
    assert [entry["Key"] for entry in listed["Contents"]] == ["users/ada/files/mine"]
    upload = s3.create_multipart_upload(**at)["UploadId"]
    s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"owls")
    assert s3.list_parts(**at, UploadId=upload)["Parts"]
    s3.abort_multipart_upload(**at, UploadId=upload)
    s3.delete_object(**at)


def test_people_reach_nothing_of_anybody_elses(s3, theirs):
    at = {"Bucket": BUCKET, "Key": theirs}
    denied("s3:GetObject", s3.get_object, **at)
    denied("s3:GetObject", s3.head_object, **at)
    denied("s3:PutObject", s3.put_object, **at, Body=b"x")
    denied("s3:DeleteObject", s3.delete_object, **at)
    denied("s3:DeleteObject", s3.delete_objects, Bucket=BUCKET, Delete={"Objects": [{"Key": theirs}]})
    denied("s3:PutObject", s3.create_multipart_upload, **at)
    mine = {"Bucket": BUCKET, "Key": "users/ada/files/copy"}
    denied("s3:GetObject", s3.copy_object, **mine, CopySource=at)
    denied("s3:GetObject", s3.copy_object, **mine, CopySource=f"{BUCKET}/users%2Fbob%2Ffiles%2Fsecret")
    for prefix in ({}, {"Prefix": ""}, {"Prefix": "users/"}, {"Prefix": "users/bob/"}, {"Prefix": "users/ada"}):
        denied("s3:ListBucket", s3.list_objects_v2, Bucket=BUCKET, **prefix)
    denied("s3:ListAllMyBuckets", s3.list_buckets)
    denied("s3:ListBucketMultipartUploads", s3.list_multipart_uploads, Bucket=BUCKET)
    denied("s3:GetBucketPolicy", s3.get_bucket_policy, Bucket=BUCKET)
    denied("s3:PutObjectAcl", s3.put_object_acl, Bucket=BUCKET, Key="users/ada/x", ACL="public-read")


@pytest.mark.parametrize("key", ["users/ada", "users/adaa/x", "users/*/files/secret", "/users/ada/x", "Users/ada/x"])
def test_what_only_looks_like_ones_prefix_is_not_it(s3, key):
    denied("s3:PutObject", s3.put_object, Bucket=BUCKET, Key=key, Body=b"x")


def test_two_dots_in_a_key_lead_nowhere(gateway, s3, theirs):
    """To S3 they are a name like any other."""
    at = {"Bucket": BUCKET, "Key": "users/ada/../bob/files/secret"}
    s3.put_object(**at, Body=b"mice")
    kept = gateway.aws("s3", **session_of(gateway, "bob")).get_object(Bucket=BUCKET, Key=theirs)
    assert kept["Body"].read() == b"owls"
    s3.delete_object(**at)


def test_a_presigned_url_opens_what_its_maker_may_open(gateway, theirs):
    s3 = gateway.aws("s3", signature_version="s3v4", **session_of(gateway, "ada"))
    s3.put_object(Bucket=BUCKET, Key="users/ada/files/mine", Body=b"owls")
    with httpx.Client(trust_env=False) as http:

        def asked(operation, key):
            at = {"Bucket": BUCKET, "Key": key}
            url = s3.generate_presigned_url(operation, at, ExpiresIn=60)
            answer = http.put(url, content=b"x") if operation == "put_object" else http.get(url)
            return answer.status_code, "AccessDenied" in answer.text

        assert asked("get_object", "users/ada/files/mine") == (200, False)
        assert asked("put_object", "users/ada/files/mine") == (200, False)
        assert asked("get_object", theirs) == (403, True)
        assert asked("put_object", theirs) == (403, True)


def test_without_a_signature_or_with_an_old_one_nothing_opens(gateway, s3, theirs):
    with httpx.Client(trust_env=False, base_url=gateway.aws_url) as http:
        for method in ("GET", "HEAD", "PUT", "DELETE", "POST"):
            assert http.request(method, f"/{BUCKET}/{theirs}").status_code == 403
        assert http.get(f"/{BUCKET}").status_code == 403
        s3v2 = gateway.aws("s3", signature_version="s3", **session_of(gateway, "bob"))
        old = s3v2.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": theirs})
        answer = http.get(old)
        assert (answer.status_code, "AWS4-HMAC-SHA256" in answer.text) == (400, True)


def test_who_is_not_tagged_has_no_files(gateway):
    s3 = gateway.aws("s3", **session_of(gateway, ""))
    denied("s3:PutObject", s3.put_object, Bucket=BUCKET, Key="users//x", Body=b"x")
    denied("s3:ListBucket", s3.list_objects_v2, Bucket=BUCKET, Prefix="users//")


def test_a_session_that_nobody_has_opens_nothing(gateway):
    made = session_of(gateway, "ada")
    other = gateway.aws("s3", **made | {"aws_session_token": "made up"})
    with pytest.raises(ClientError, match="InvalidToken"):
        other.list_objects_v2(Bucket=BUCKET, Prefix="users/ada/")
    gone = gateway.aws("s3", **made | {"aws_access_key_id": "ASIAAAAAAAAAAAAAAAAA"})
    with pytest.raises(ClientError, match="ExpiredToken"):
        gone.list_objects_v2(Bucket=BUCKET, Prefix="users/ada/")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_can_do_by_itself_what_it_does_as_its_user(gateway, theirs, function):
    role = f"arn:aws:iam::123456789012:role/pennyworth-local-function-{function}"
    own = keys(gateway.aws("sts").assume_role(RoleArn=role, RoleSessionName=function))
    bedrock, s3 = gateway.aws("bedrock-runtime", **own), gateway.aws("s3", **own)
    denied("bedrock:InvokeModel", bedrock.converse, modelId="amazon.nova-lite-v1:0", **BODY)
    denied(
        "bedrock:InvokeModelWithResponseStream", bedrock.converse_stream, modelId="us.amazon.nova-2-lite-v1:0", **BODY
    )
    denied("s3:GetObject", s3.get_object, Bucket=BUCKET, Key=theirs)
    denied("s3:PutObject", s3.put_object, Bucket=BUCKET, Key="x", Body=b"x")
    denied("s3:ListBucket", s3.list_objects_v2, Bucket=BUCKET)


def test_a_groups_role_reads_no_parameter_and_no_directory(gateway):
    made = session_of(gateway, "ada")
    denied("ssm:GetParameter", gateway.aws("ssm", **made).get_parameter, Name="/pennyworth/local/key-pepper")
    directory = gateway.aws("cognito-idp", **made)
    denied("cognito-idp:ListUsers", directory.list_users, UserPoolId=gateway.facts["user_pool_id"])
    denied("iam:ListRoles", gateway.aws("iam", **made).list_roles)
    assert gateway.aws("sts", **made).get_caller_identity()["Arn"].endswith("group-developers/ada")


def test_a_profile_is_asked_through_itself_and_its_model_not_alone(gateway):
    """Of the catalogue claude-haiku-4.5 is a profile's: its model opens through that profile, in any of its Regions."""
    bedrock = gateway.aws("bedrock-runtime", **session_of(gateway, "ada"))
    model = "anthropic.claude-haiku-4-5-20251001-v1:0"
    assert bedrock.converse(modelId=f"us.{model}", **BODY)["stopReason"] == "end_turn"
    denied("bedrock:InvokeModel", bedrock.converse, modelId=model, **BODY)
    denied("bedrock:InvokeModel", bedrock.converse, modelId=f"eu.{model}", **BODY)
