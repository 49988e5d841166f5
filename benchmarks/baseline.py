"""The baseline: a bare boto3 script, or one that only imports Powertools, run in a process of its own.

    python baseline.py chat|stream|identity|authorizer|powertools   (its input in the environment)

It makes the client, makes the call once and prints a line: that is its cold start. Then it repeats the call as many
times as each line of its input says, and prints a line when they are done.
"""

import os
import sys

MODEL = os.environ["BENCH_MODEL_ID"]
MESSAGES = [{"role": "user", "content": [{"text": os.environ["BENCH_PROMPT"]}]}]


def chat():
    import boto3

    client = boto3.client("bedrock-runtime")

    def call():
        reply = client.converse(modelId=MODEL, messages=MESSAGES)
        return reply["output"]["message"]["content"][0]["text"]

    return call


def stream():
    import boto3

    client = boto3.client("bedrock-runtime")

    def call():
        events = client.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"]
        return "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)

    return call


def identity():
    """A chat in the user's own role, as Pennyworth makes it: two calls more."""
    import boto3

    def call():
        token = boto3.client("cognito-identity").get_open_id_token_for_developer_identity(
            IdentityPoolId=os.environ["BENCH_IDENTITY_POOL_ID"],
            Logins={os.environ["BENCH_DEVELOPER_PROVIDER"]: os.environ["BENCH_USER_ID"]},
        )
        credentials = boto3.client("sts").assume_role_with_web_identity(
            RoleArn=os.environ["BENCH_ROLE_ARN"],
            RoleSessionName=os.environ["BENCH_USER_ID"],
            WebIdentityToken=token["Token"],
        )["Credentials"]
        client = boto3.client(
            "bedrock-runtime",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        return client.converse(modelId=MODEL, messages=MESSAGES)["output"]["message"]["content"][0]["text"]

    return call


def authorizer():
    """The reads that decide about a key: the pepper, the user with their keys, the user's groups."""
    import boto3

    parameters, directory = boto3.client("ssm"), boto3.client("cognito-idp")
    user = {"UserPoolId": os.environ["BENCH_USER_POOL_ID"], "Username": os.environ["BENCH_USER_ID"]}

    def call():
        parameters.get_parameter(Name=os.environ["BENCH_PEPPER_PARAMETER"], WithDecryption=True)
        directory.admin_get_user(**user)
        return directory.admin_list_groups_for_user(**user)["Groups"][0]["GroupName"]

    return call


def powertools():
    """What a function that answers API Gateway begins with, before it has a line of its own."""
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    return lambda: (Logger, APIGatewayRestResolver)


MODES = {"chat": chat, "stream": stream, "identity": identity, "authorizer": authorizer, "powertools": powertools}


def main():
    call = MODES[sys.argv[1]]()
    assert call(), "the stand-in answered nothing"
    print("first", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            call()
        print("done", flush=True)


if __name__ == "__main__":
    main()
