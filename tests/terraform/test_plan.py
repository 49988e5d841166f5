"""What Terraform would make, and what it makes in the stand-in of AWS, held to what people rely on.

In one file, so that its plans and its one installation are made once.
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.aws.policy import Access
from services.mcp.upstream.declared import Declared
from tests.terraform.conftest import OPTIONS
from tests.terraform.installation import changes, planned
from tests.terraform.names import nameless, names
from tests.terraform.policies import ACCESS, PLACES, SHOWN_AGAIN, TRUST, carriers, statements
from tests.terraform.wildcards import ACCOUNT, INSTALLATION, normalised
from tools.idle_cost.bill import bill
from tools.idle_cost.prices import load

ROOT = Path(__file__).resolve().parents[2]
SERVING = ("admin", "authorizer", "mcp", "openai")  # what API Gateway calls
FUNCTIONS = (*SERVING, "ledger")
BILLS = """
resource "aws_nat_gateway" "extra" {
  connectivity_type = "private"
  subnet_id         = "subnet-12345678"
}

resource "aws_kms_key" "extra" {}
"""


@pytest.fixture(scope="module")
def rules(installed, account):
    """Every statement of every policy, ours and the account's."""
    found = [*statements(installed), *statements(account)]
    assert len(found) > 50
    return found


def of_type(resources, *types):
    return [each for each in resources if each.type in types]


def role_of(rules, role):
    """The statements of what a role of `local` may do: `function["mcp"]` or `group["admins"]`."""
    found = [
        each
        for each in rules
        if each.kind == ACCESS and ".aws_iam_role_policy." in each.address and role in each.address
    ]
    assert found, role
    return found


# What may be done, and by whom.


def test_every_policy_is_read(plans, installed, account):
    for each in (*installed, *account):
        found = {(each.type, name) for name, value in each.values.items() if "Statement" in str(value)}
        assert found <= PLACES.keys() | SHOWN_AGAIN, each.address
    prod, more = planned(plans["prod"]), planned(plans["prod, all options"])
    added = {each.type for each in more} - {each.type for each in prod}
    assert added
    assert [type_ for type_ in added if type_.endswith("_policy")] == []
    assert carriers(more) == carriers(prod)


def test_every_statement_says_what_it_is_for(rules):
    assert [str(each) for each in rules if not each.sid] == []


def test_no_statement_turns_a_list_around(rules):
    assert [str(each) for each in rules if {"NotAction", "NotResource", "NotPrincipal"} & each.document.keys()] == []


def test_no_permission_is_for_more_actions_than_it_names(rules):
    assert [
        str(each) for each in rules if each.allows and any(set("*?") & set(action) for action in each.actions)
    ] == []


@pytest.mark.parametrize(("made", "reasons"), [("installed", INSTALLATION), ("account", ACCOUNT)])
def test_a_wildcard_stands_only_where_aws_offers_no_arn(made, reasons, request):
    allowed = [each for each in statements(request.getfixturevalue(made)) if each.allows]
    uses = [(str(each), action, resource) for each in allowed for action in each.actions for resource in each.resources]
    assert [use for use in uses if not reasons.excuse(*use[1:])] == []
    # And no reason is left for a wildcard that went.
    assert {action for _, action, resource in uses if resource == "*"} == reasons.bare.keys()
    assert {normalised(arn) for _, _, arn in uses if "*" in arn and arn != "*"} == reasons.within.keys()


def test_every_denial_is_of_requests_without_tls(rules):
    denied = [each for each in rules if not each.allows]
    assert {each.sid for each in denied} == {"TlsOnly"}
    assert all(each.conditions == {("Bool", "aws:SecureTransport"): ["false"]} for each in denied)
    assert all(each.principals == ["*"] and each.actions == ["s3:*"] for each in denied)


def test_a_role_trusts_one_principal_and_says_when(rules, installed):
    # A service needs no condition: a role can be handed to a service by its own account alone (iam:PassRole).
    services = {"Service lambda.amazonaws.com", "Service apigateway.amazonaws.com"}
    pool = of_type(installed, "aws_cognito_identity_pool")[0].values["id"]
    federations = {
        "Federated cognito-identity.amazonaws.com": {
            ("StringEquals", "cognito-identity.amazonaws.com:aud"): [[pool]],
            ("ForAnyValue:StringLike", "cognito-identity.amazonaws.com:amr"): [["authenticated"]],
        },
        "Federated arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com": {
            ("StringEquals", "token.actions.githubusercontent.com:aud"): [["sts.amazonaws.com"]],
            ("StringEquals", "token.actions.githubusercontent.com:sub"): [
                ["repo:owner/name:pull_request"],
                ["repo:owner/name:environment:dev"],
                ["repo:owner/name:environment:prod"],
            ],
        },
    }
    trusts = [each for each in rules if each.kind == TRUST]
    assert {principal for each in trusts for principal in each.principals} == services | federations.keys()
    for each in trusts:
        (principal,) = each.principals
        expected = federations.get(principal, {})
        assert each.conditions.keys() == expected.keys(), str(each)
        assert all(values in expected[condition] for condition, values in each.conditions.items()), str(each)


def test_roles_have_no_policy_but_the_one_beside_them(installed):
    assert {each.values["name"] for each in of_type(installed, "aws_iam_role_policy")} == {"access"}
    assert of_type(installed, "aws_iam_policy", "aws_iam_role_policy_attachment") == []


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_role_is_made_below_its_own_environments_boundary(plans, account, name):
    boundaries = {each.values["name"] for each in of_type(account, "aws_iam_policy") if "boundary" in each.address}
    expected = f"pennyworth-bootstrap-boundary-{name}-us-east-1"
    assert expected in boundaries
    roles = of_type(planned(plans[name]), "aws_iam_role")
    assert roles
    assert {each.values["permissions_boundary"] for each in roles} == {f"arn:aws:iam::123456789012:policy/{expected}"}


def test_the_boundary_lets_every_role_do_what_its_own_policy_allows(installed, account):
    """As IAM evaluates the two together. The installation is `local`, and the boundary another environment's."""
    (document,) = [each.values["policy"] for each in account if each.address.endswith('.boundary["dev"]')]
    for before in ("pennyworth-", "pennyworth/", '"'):
        document = document.replace(f"{before}dev", f"{before}local")
    boundary = Access((document,))
    asked = {
        (action, resource.replace("${aws:PrincipalTag/user}", "ada").replace("*", "x"))
        for each in statements(installed)
        if each.kind == ACCESS and ".aws_iam_role_policy." in each.address and each.allows
        for action in each.actions
        for resource in each.resources
    }
    assert {action.split(":")[0] for action, _ in asked} >= {"bedrock", "cognito-idp", "logs", "s3", "ssm", "xray"}
    tagged = {
        f"aws:{kind}tag/{key}": value
        for kind in ("resource", "request")
        for key, value in (("application", "pennyworth"), ("environment", "local"))
    }
    assert [(*each, reason) for each in asked if (reason := boundary.refusal(*each, tagged))] == []


def test_the_openai_function_itself_can_reach_neither_bedrock_nor_files(rules):
    actions = [action for each in role_of(rules, 'function["openai"]') for action in each.actions]
    assert [action for action in actions if action.startswith(("bedrock:", "s3:"))] == []


def test_the_mcp_function_invokes_what_serves_inference_and_nothing_else(rules):
    invoked = {
        resource
        for each in role_of(rules, 'function["mcp"]')
        if any(action.startswith("lambda:") for action in each.actions)
        for resource in each.resources
    }
    assert invoked == {"arn:aws:lambda:us-east-1:123456789012:function:pennyworth-local-openai:live"}


def test_usage_records_are_read_by_the_functions_that_tell_of_them_and_they_read_no_other_log(rules):
    for key in ("openai", "authorizer", "ledger", "admin", "mcp"):
        asked = [each for each in role_of(rules, f'function["{key}"]') if "logs:StartQuery" in each.actions]
        logs = {resource.partition("log-group:")[2] for each in asked for resource in each.resources}
        told = {f"/aws/lambda/pennyworth-local-{log}:*" for log in ("openai", "mcp")}
        assert logs == (told if key in ("admin", "mcp") else set()), key


def test_only_the_admin_function_and_the_ledgers_mirror_write_to_the_user_pool(installed):
    reads = re.compile(r"cognito-idp:(Admin)?(Describe|Get|List)")
    writes = [
        (each.address, action)
        for each in statements(installed)
        for action in each.actions
        if action.startswith("cognito-idp:") and not reads.match(action)
    ]
    admin, ledger = (f'module.function["{key}"].aws_iam_role_policy.this' for key in ("admin", "ledger"))
    assert {address for address, _ in writes} == {admin, ledger}
    assert [action for address, action in writes if address == ledger] == ["cognito-idp:AdminUpdateUserAttributes"]


def test_nobody_but_the_ledger_reaches_the_book(installed):
    reached = {
        (each.address, resource.partition("/")[2])
        for each in statements(installed)
        for resource in each.resources
        if ".aws_iam_role_policy." in each.address and re.match("arn:aws:s3:[^/]*/(?!users/)", resource)
    }
    admin, ledger, mcp = (f'module.function["{key}"].aws_iam_role_policy.this' for key in ("admin", "ledger", "mcp"))
    # What lies beside the pages belongs to who answers questions for usage.
    beside = {(admin, "ledger/last-use.json"), (admin, "ledger/questions/*"), (mcp, "ledger/questions/*")}
    assert reached == {(ledger, "ledger/*")} | beside


def test_the_usage_records_that_may_cost_and_nothing_else_are_handed_to_the_ledger(installed):
    subscriptions = [each.values for each in of_type(installed, "aws_cloudwatch_log_subscription_filter")]
    assert {each["log_group_name"]: each["filter_pattern"] for each in subscriptions} == {
        "/aws/lambda/pennyworth-local-openai": '{ $.message = "request" && $.kind = "*" }',
        "/aws/lambda/pennyworth-local-mcp": '{ $.message = "request" && $.kind = "*" && $.cost_microusd > 0 }',
    }
    ledger = "arn:aws:lambda:us-east-1:123456789012:function:pennyworth-local-ledger:live"
    assert {each["destination_arn"] for each in subscriptions} == {ledger}


def test_no_client_reads_or_writes_a_persons_keys(environment):
    clients = of_type(environment, "aws_cognito_user_pool_client")
    assert clients
    for client in clients:
        for attributes in (client.values["read_attributes"], client.values["write_attributes"]):
            assert attributes, "an empty list is Cognito's default: every attribute"
            assert not [name for name in attributes if name.startswith(("custom:", "dev:"))]


# How it is wired.


def test_every_function_writes_to_a_log_group_that_forgets(environment):
    groups = {each.values["name"]: each.values for each in of_type(environment, "aws_cloudwatch_log_group")}
    assert all(values["retention_in_days"] > 0 for values in groups.values())
    functions = of_type(environment, "aws_lambda_function")
    assert len(functions) == len(FUNCTIONS)
    assert all(each.values["logging_config"][0]["log_group"] in groups for each in functions)


def test_no_bucket_is_public(environment):
    buckets = of_type(environment, "aws_s3_bucket")
    blocks = of_type(environment, "aws_s3_bucket_public_access_block")
    assert len(buckets) == len(blocks) == 1
    for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"):
        assert blocks[0].values[name] is True
    assert of_type(environment, "aws_s3_bucket_acl") == []


def test_the_api_invokes_aliases_only(installed):
    (api,) = of_type(installed, "aws_api_gateway_rest_api")
    invoked = {
        word.split("/functions/")[1].split("/")[0] for word in api.values["body"].split('"') if "/functions/" in word
    }
    assert invoked == {f"arn:aws:lambda:us-east-1:123456789012:function:pennyworth-local-{key}:live" for key in SERVING}


def test_the_api_and_the_usage_log_and_nobody_else_may_invoke_and_aliases_only(installed):
    (api,) = of_type(installed, "aws_api_gateway_rest_api")
    permissions = of_type(installed, "aws_lambda_permission")
    assert {each.values["function_name"] for each in permissions} == {f"pennyworth-local-{key}" for key in FUNCTIONS}
    logs = set()
    for each in permissions:
        assert each.values["qualifier"] == "live"
        if each.values["function_name"] == "pennyworth-local-ledger":
            assert each.values["principal"] == "logs.amazonaws.com"
            logs.add(each.values["source_arn"])
            assert each.values["source_account"] == "123456789012"
        else:
            assert each.values["principal"] == "apigateway.amazonaws.com"
            assert each.values["source_arn"].startswith(api.values["execution_arn"] + "/")
    groups = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/pennyworth-local"
    assert logs == {f"{groups}-openai:*", f"{groups}-mcp:*"}


def test_an_alias_names_a_published_version(installed):
    versions = [each.values["function_version"] for each in of_type(installed, "aws_lambda_alias")]
    assert len(versions) == len(FUNCTIONS)
    assert all(version.isdecimal() for version in versions)


# What a change changes.


def released(*functions):
    """The changes that a release of these functions is."""
    return {
        f'module.function["{key}"].aws_lambda_{kind}.this': ["update"]
        for key in functions
        for kind in ("function", "alias")
    }


def test_another_groups_models_change_its_role_and_its_description_alone(local):
    groups = json.loads((ROOT / "terraform/environments/local/terraform.tfvars.json").read_text())["groups"]
    groups["restricted"]["models"] = ["nova-micro"]
    assert changes(local.plan(f"-var=groups={json.dumps(groups)}")) == {
        'module.identity.aws_cognito_user_group.this["restricted"]': ["update"],
        'module.identity.aws_iam_role_policy.group["restricted"]': ["update"],
    }


def rated(rates):
    """The groups of `local` as a variable, these with a rate."""
    groups = json.loads((ROOT / "terraform/environments/local/terraform.tfvars.json").read_text())["groups"]
    for name, rate in rates.items():
        groups[name]["rate"] = rate
    return f"-var=groups={json.dumps(groups)}"


def test_a_rate_is_a_number_in_its_groups_plan_and_a_wish_of_the_api(local):
    plan = local.plan(rated({"restricted": {"per_s": 2.5, "burst": 5}}))
    assert changes(plan) == {
        'module.api.aws_api_gateway_usage_plan.this["group restricted"]': ["update"],
        'module.identity.aws_cognito_user_group.this["restricted"]': ["update"],
        "module.api.aws_api_gateway_rest_api.this": ["update"],
        "module.api.aws_api_gateway_gateway_response.unauthorized": ["create", "delete"],
        "module.api.aws_api_gateway_deployment.this": ["create", "delete"],
        "module.api.aws_api_gateway_stage.this": ["update"],
    }
    throttles = {
        each.values["name"]: [(one["rate_limit"], one["burst_limit"]) for one in each.values["throttle_settings"]]
        for each in of_type(planned(plan), "aws_api_gateway_usage_plan")
    }
    assert throttles == {
        "pennyworth-local-group-admins": [],
        "pennyworth-local-group-developers": [],
        "pennyworth-local-group-restricted": [(2.5, 5)],
        "pennyworth-local-others": [],
    }
    [description] = [
        each.values["description"]
        for each in of_type(planned(plan), "aws_cognito_user_group")
        if each.values["name"] == "restricted"
    ]
    [usage_plan] = [
        each.values["id"]
        for each in of_type(local.resources(), "aws_api_gateway_usage_plan")
        if each.values["name"] == "pennyworth-local-group-restricted"
    ]
    assert json.loads(description) | {"models": [], "actions": []} == {
        "actions": [],
        "models": [],
        "rate_per_s": 2.5,
        "burst": 5,
        "plan": usage_plan,
    }


def test_another_release_publishes_versions_and_moves_the_aliases_only(local):
    plan = local.plan("-var=git_sha=0123abc", "-var=app_version=9.8.7")
    assert changes(plan) == released(*FUNCTIONS)
    after = {each["address"]: each["change"]["after_unknown"] for each in plan["resource_changes"]}
    assert all(
        after[address].get("version", after[address].get("function_version")) is True for address in changes(plan)
    )


def test_other_code_releases_its_function_only(local, checkout):
    artifact = checkout / "dist/mcp.zip"
    before = artifact.read_bytes()
    with zipfile.ZipFile(artifact, "w") as changed:
        changed.writestr("other", "")
    try:
        assert changes(local.plan()) == released("mcp")
    finally:
        artifact.write_bytes(before)


# With them would go everyone and their keys, everyone's files, every URL handed out, or every version to go back to.
LASTING = {
    "aws_api_gateway_rest_api",
    "aws_api_gateway_stage",
    "aws_cognito_identity_pool",
    "aws_cognito_user_pool",
    "aws_cognito_user_pool_client",
    "aws_lambda_alias",
    "aws_lambda_function",
    "aws_s3_bucket",
    "aws_ssm_parameter",
}


def replaced(plan):
    return {
        each["address"]
        for each in plan["resource_changes"]
        if each["type"] in LASTING and "delete" in each["change"]["actions"]
    }


def test_no_option_replaces_what_people_rely_on(local):
    groups = {"admins": {"precedence": 1, "actions": ["admin"], "models": ["*"]}}
    options = {
        **OPTIONS,
        "architecture": "x86_64",
        "authorizer_ttl_s": "0",
        "deletion_protection": "true",
        "file_expiry_days": "1",
        "groups": json.dumps(groups),
        "log_retention_days": "7",
        "mfa": "OPTIONAL",
        "permissions_boundary": "true",
        "remote_images": "false",
        "mcp_client_documents": "false",
        "model_providers": json.dumps({"acme": {"url": "https://llm.example.com/v1", "models": ["gpt-*"]}}),
    }
    plan = local.plan(*(f"-var={name}={value}" for name, value in options.items()))
    assert changes(plan).keys() > {"module.identity.aws_cognito_user_pool.this"}
    assert replaced(plan) == set()


def test_the_openai_function_alone_is_told_of_providers_and_reads_exactly_their_keys(local):
    providers = {
        "acme": {"url": "https://acme.example/v1/?api-version=1", "models": ["gpt-*"], "key_header": "api-key"},
        "free": {"url": "https://free.example/v1/", "has_key": False, "responses": True, "stream_usage": False},
    }
    plan = planned(local.plan(f"-var=model_providers={json.dumps(providers)}"))
    told = {
        each.address: each.values["environment"][0]["variables"].get("PENNYWORTH_PROVIDERS")
        for each in of_type(plan, "aws_lambda_function")
    }
    (openai,) = [value for address, value in told.items() if value is not None and '"openai"' in address]
    assert sum(value is not None for value in told.values()) == 1
    assert json.loads(openai) == {
        "acme": {
            "url": "https://acme.example/v1/?api-version=1",
            "models": ["gpt-*"],
            "key_header": "api-key",
            "key_parameter": "/pennyworth/local/providers/acme",
        },
        "free": {"url": "https://free.example/v1", "responses": True, "stream_usage": False},
    }
    read = [each for each in statements(plan) if each.sid == "ProviderKeys"]
    assert [(each.actions, [arn.rpartition(":")[2] for arn in each.resources]) for each in read] == [
        (["ssm:GetParameter"], ["parameter/pennyworth/local/providers/acme"])
    ]


MCP_SERVERS = {
    "docs": {"type": "http", "url": "https://mcp.example.com/mcp", "auth": {"type": "header"}, "forward": ["X-Tenant"]},
    "crm": {
        "type": "lambda",
        "function": "arn:aws:lambda:us-east-1:123456789012:function:crm:live",
        "approved": {"find": "b" * 43},
    },
    "shop": {
        "type": "openapi",
        "document": "https://abc.execute-api.us-east-1.amazonaws.com/prod/openapi.json",
        "auth": {
            "type": "sigv4",
            "service": "execute-api",
            "resources": ["arn:aws:execute-api:us-east-1:123456789012:abc/prod/*"],
        },
    },
    "plain": {"type": "http", "url": "http://10.0.0.7/mcp", "private": True, "auth": {"type": "none"}},
}


def test_the_mcp_function_alone_is_told_of_servers_and_may_do_exactly_what_they_take(local):
    plan = planned(local.plan(f"-var=mcp_servers={json.dumps(MCP_SERVERS)}"))
    told = {
        each.address: each.values["environment"][0]["variables"].get("PENNYWORTH_MCP_SERVERS")
        for each in of_type(plan, "aws_lambda_function")
    }
    assert [value for value in told.values() if value] == ["crm,docs,plain,shop"]
    assert [address for address, value in told.items() if value] == ['module.function["mcp"].aws_lambda_function.this']
    parameters = {each.values["name"]: each.values for each in of_type(plan, "aws_ssm_parameter")}
    docs = parameters["/pennyworth/local/mcp/docs/server"]
    assert (docs["type"], docs["tier"]) == ("String", "Standard")
    declared = {name: json.loads(parameters[f"/pennyworth/local/mcp/{name}/server"]["value"]) for name in MCP_SERVERS}
    assert declared["docs"] == MCP_SERVERS["docs"]
    assert declared["crm"] == MCP_SERVERS["crm"]
    assert declared["shop"]["auth"] == {"type": "sigv4", "service": "execute-api"}
    for name, row in declared.items():
        Declared.of(name, json.dumps(row))  # the function takes what Terraform writes
    allowed = {each.sid: (each.actions, each.resources) for each in statements(plan) if each.sid.startswith("Mcp")}
    below = "arn:aws:ssm:us-east-1:123456789012:parameter/pennyworth/local/mcp"
    names = ("crm/server", "docs/server", "plain/server", "shop/server", "docs/secret")
    assert allowed == {
        "McpServers": (["ssm:GetParameter"], [f"{below}/{name}" for name in names]),
        "McpFunctions": (["lambda:InvokeFunction"], [MCP_SERVERS["crm"]["function"]]),
        "McpExecuteApi": (["execute-api:Invoke"], MCP_SERVERS["shop"]["auth"]["resources"]),
    }


def test_more_keys_a_person_change_the_user_pool_where_it_is(local, checkout):
    file = checkout / "terraform/modules/identity/main.tf"
    before = file.read_text()
    assert "range(1, 21)" in before
    file.write_text(before.replace("range(1, 21)", "range(1, 26)"))
    try:
        plan = local.plan()
    finally:
        file.write_text(before)
    assert changes(plan)["module.identity.aws_cognito_user_pool.this"] == ["update"]
    assert replaced(plan) == set()


def test_the_pepper_is_in_no_state_and_no_plan(local):
    local.apply("-refresh-only")
    (pepper,) = of_type(local.resources(), "aws_ssm_parameter")
    assert pepper.values["type"] == "SecureString"
    assert not pepper.values["value"]
    assert not pepper.values["value_wo"]
    assert not pepper.values["insecure_value"]


# Two environments in one account.


def test_two_environments_of_one_account_share_no_name(plans):
    dev, prod = planned(plans["dev"]), planned(plans["prod, all options"])
    assert not names(dev) & names(prod)
    assert nameless(prod) == set()
    ours = names(prod) - {("aws_api_gateway_domain_name", '"llm.example.com"')}
    assert [name for _, name in ours if "pennyworth-prod" not in name and "pennyworth/prod" not in name] == []


# What it costs while idle.


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_idle_environment_costs_nothing(plans, name):
    found = bill(plans[name], load())
    assert found.complaints == ()
    assert found.usd == 0


def test_what_an_option_turned_on_is_summed_and_said(plans):
    found = bill(plans["prod, all options"], load())
    assert found.complaints == ()
    assert found.usd > 0
    assert {option for line in found.lines if line.usd for option in line.options} <= {"waf", "alarms"}


def test_what_bills_while_idle_fails_in_a_line_that_names_it(terraform, tmp_path):
    root = terraform.project(tmp_path)
    (root / "terraform/environments/dev/extra.tf").write_text(BILLS)
    command = [sys.executable, "-m", "tools.ops", "--root", str(root), "idle-cost", "--env", "dev"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "idle-cost: aws_kms_key.extra: bills $1.00 a month while idle (a KMS key of your own); no option turns it on",
        "idle-cost: aws_nat_gateway.extra: bills $32.85 a month while idle (a NAT gateway at $0.045 an hour);"
        " no option turns it on",
    ]
    assert done.stdout.splitlines()[-1] == "At rest: $33.85 a month"
