"""Tools made for LocalStack find the stand-in for AWS as they find LocalStack."""

from urllib.parse import urlsplit

import localstack_client.session


def test_the_groups_and_the_developer_are_in_cognito(gateway, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("LOCALSTACK_HOST", urlsplit(gateway.aws_url).netloc)  # localhost:4566 where nothing is said
    cognito = localstack_client.session.Session(region_name="us-east-1").client("cognito-idp")
    pools = cognito.list_user_pools(MaxResults=10)["UserPools"]
    (pool,) = (pool for pool in pools if pool["Id"] == gateway.facts["user_pool_id"])
    groups = {group["GroupName"] for group in cognito.list_groups(UserPoolId=pool["Id"])["Groups"]}
    declared = {name for name in groups if not name.startswith("group-")}  # the others are made by tests beside this
    assert declared == {"admins", "developers", "restricted"}
    developers = cognito.list_users_in_group(UserPoolId=pool["Id"], GroupName="developers")["Users"]
    emails = [pair["Value"] for user in developers for pair in user["Attributes"] if pair["Name"] == "email"]
    assert "developer@example.com" in emails
