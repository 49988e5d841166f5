# Plans alone: the state's bucket refuses to be destroyed, and so to be cleaned up after a test.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/some" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::pennyworth-state-123456789012-eu-west-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }
}

run "without_a_repository_nobody_but_the_account_deploys" {
  command = plan
  assert {
    condition     = length(aws_iam_role.deploy) + length(aws_iam_role.plan) + length(aws_iam_openid_connect_provider.github) == 0
    error_message = "No role for GitHub was asked for."
  }
  assert {
    condition     = output.plan_role_arn == null && output.deploy_role_arns == {}
    error_message = "There is no role to name."
  }
}

run "the_state_is_private_encrypted_and_can_be_brought_back" {
  command = plan
  assert {
    condition     = output.state_bucket == "pennyworth-state-123456789012-eu-west-1"
    error_message = "The bucket is called ${output.state_bucket}."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls, aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls, aws_s3_bucket_public_access_block.state.restrict_public_buckets,
    ])
    error_message = "The bucket must not be public in any way."
  }
  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "An earlier state must be there to go back to."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "The state must be encrypted."
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.state.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.state.policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "Without TLS nothing is read or written."
  }
  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.state.rule[0].noncurrent_version_expiration).noncurrent_days == 90
    error_message = "Earlier versions must expire."
  }
}

run "a_role_trusts_one_repository_and_one_environment" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
  }
  assert {
    condition     = keys(output.deploy_role_arns) == ["dev", "prod"]
    error_message = "Every environment has a deploy role."
  }
  assert {
    condition = jsondecode(aws_iam_role.deploy["prod"].assume_role_policy).Statement == [{
      Sid       = "GitHub"
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:acme/pennyworth:environment:prod"
      } }
    }]
    error_message = "The trust is ${aws_iam_role.deploy["prod"].assume_role_policy}."
  }
  assert {
    condition     = jsondecode(aws_iam_role.plan[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:acme/pennyworth:pull_request"
    error_message = "Pull requests of the repository plan, and nobody else."
  }
  assert {
    condition     = aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "GitHub's tokens are for STS."
  }
}

run "an_identity_provider_that_is_there_is_used" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "An account can have one provider for GitHub."
  }
}

run "no_policy_allows_every_action_and_each_fits" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
    environments      = ["dev", "production-eu-01"]
  }
  assert {
    condition = alltrue([
      for document in concat(values(aws_iam_policy.boundary)[*].policy, [aws_iam_policy.plan[0].policy], values(aws_iam_policy.deploy)[*].policy) :
      length(document) <= 6144
    ])
    error_message = "IAM takes 6144 characters; these have ${join(", ", [for document in concat(values(aws_iam_policy.boundary)[*].policy, [aws_iam_policy.plan[0].policy], values(aws_iam_policy.deploy)[*].policy) : length(document)])}."
  }
  assert {
    condition = alltrue(flatten([
      for document in concat(values(aws_iam_policy.boundary)[*].policy, [aws_iam_policy.plan[0].policy], values(aws_iam_policy.deploy)[*].policy) :
      [for statement in jsondecode(document).Statement : [for action in statement.Action : !strcontains(action, "*")]]
    ]))
    error_message = "An action is named, never matched."
  }
  assert {
    condition = alltrue(flatten([
      for document in concat([aws_iam_policy.plan[0].policy], values(aws_iam_policy.deploy)[*].policy) :
      [for statement in jsondecode(document).Statement : !contains(statement.Resource, "*") || contains(["Anywhere", "Pools"], statement.Sid)]
    ]))
    error_message = "Where AWS has ARNs, they are named."
  }
}

run "a_deploy_role_makes_roles_below_the_boundary_and_hands_them_to_lambda" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.deploy["dev-functions"].policy).Statement : statement if contains(statement.Action, "iam:CreateRole")
      ] == [{
        Sid       = "BoundedRoles"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = ["arn:aws:iam::123456789012:role/pennyworth-dev-*"]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = output.permissions_boundary_arns["dev"] } }
    }]
    error_message = "A role without the boundary could do what its maker may not."
  }
  assert {
    condition = length(setintersection(flatten([
      for name in ["dev-functions", "dev-api"] : jsondecode(aws_iam_policy.deploy[name].policy).Statement[*].Action
      ]), [
      "iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:DeleteRolePermissionsBoundary", "iam:SetDefaultPolicyVersion",
      "iam:DeletePolicy", "iam:CreateUser", "iam:CreateAccessKey", "lambda:InvokeFunction",
    ])) == 0
    error_message = "Each of these is a way past the boundary."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_policy.deploy["dev-functions"].policy).Statement :
      statement.Resource[0] => flatten([statement.Condition.StringEquals["iam:PassedToService"]]) if contains(statement.Action, "iam:PassRole")
      } == {
      "arn:aws:iam::123456789012:role/pennyworth-dev-function-*" = ["lambda.amazonaws.com"]
      "arn:aws:iam::123456789012:role/pennyworth-dev-group-*"    = ["cognito-identity.amazonaws.com", "cognito-idp.amazonaws.com"]
    }
    error_message = "A role may be handed to what it is for, and to nothing else."
  }
}

run "an_environments_role_reaches_nothing_of_another_or_of_this_module" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
  }
  assert {
    condition     = !strcontains(aws_iam_policy.deploy["dev-functions"].policy, "pennyworth-prod") && !strcontains(aws_iam_policy.deploy["dev-api"].policy, "pennyworth-prod") && !strcontains(aws_iam_policy.deploy["dev-api"].policy, "/prod.tfstate")
    error_message = "dev's role must not name what is prod's."
  }
  assert {
    condition     = !strcontains(aws_iam_policy.deploy["dev-functions"].policy, ":role/pennyworth-bootstrap") && !strcontains(aws_iam_policy.deploy["dev-functions"].policy, ":role/*")
    error_message = "A deploy role must not change a deploy role."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.deploy["dev-api"].policy).Statement : statement.Sid
      if try(statement.Condition.StringEquals, null) == { "aws:ResourceTag/application" = "pennyworth", "aws:ResourceTag/environment" = "dev" }
    ] == ["Apigateway", "CognitoIdp", "CognitoIdentity"]
    error_message = "APIs and pools are told apart by their tags."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.deploy["dev-api"].policy).Statement : can(statement.Condition)
      if length([for arn in statement.Resource : arn if can(regex(":apigateway:|:userpool/|:identitypool/", arn))]) > 0 && statement.Sid != "Wafv2"
    ])
    error_message = "What AWS names is somebody's: without a condition it would be everybody's."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.boundary["dev"].policy).Statement :
      can(statement.Condition.StringEquals["aws:ResourceTag/environment"]) || can(statement.Condition.StringEqualsIfExists["aws:ResourceTag/environment"]) || statement.Sid == "NewApiKeys" && can(statement.Condition.StringEquals["aws:RequestTag/environment"]) || alltrue([for arn in statement.Resource : strcontains(arn, "pennyworth-dev") || strcontains(arn, "/pennyworth/dev/")])
      if !contains(["Guardrails", "Models", "Queries", "Traces"], statement.Sid)
    ])
    error_message = "dev's deploy role writes its roles' policies: only the boundary keeps them from prod's people, keys and files."
  }
}

run "mcp_servers_are_what_the_account_says_and_nothing_unless_it_does" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
    mcp_targets       = ["arn:aws:lambda:eu-west-1:123456789012:function:crm"]
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.boundary["dev"].policy).Statement : statement.Resource if statement.Sid == "McpServers"
    ] == [["arn:aws:lambda:eu-west-1:123456789012:function:crm"]]
    error_message = "Exactly what is named may be an MCP server."
  }
}

run "what_names_everything_is_no_mcp_target" {
  command = plan
  variables {
    mcp_targets = ["arn:aws:lambda:*:123456789012:function:x", "*"]
  }
  expect_failures = [var.mcp_targets]
}

run "a_plan_changes_nothing" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_policy.plan[0].policy).Statement :
      [for action in statement.Action : can(regex(":(GET$|Get|List|Describe)", action))]
    ]))
    error_message = "A pull request may read. With a lock to write it could hold up a deployment, or break into one."
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_policy.plan[0].policy).Statement :
      [for arn in statement.Resource : endswith(arn, "/key-pepper") || endswith(arn, "/mcp/*/server")] if contains(statement.Action, "ssm:GetParameter")
    ]))
    error_message = "A pull request's code must not read a provider's key."
  }
}

# calls.json: what the provider called for environments/local, as IAM names it: made, planned again, changed and destroyed.
run "what_the_provider_was_seen_to_call_is_allowed" {
  command = plan
  variables {
    github_repository = "acme/pennyworth"
  }
  assert {
    condition = length(setsubtract(
      jsondecode(file("calls.json")).deploy,
      flatten([for name in ["dev-functions", "dev-api"] : jsondecode(aws_iam_policy.deploy[name].policy).Statement[*].Action]),
    )) == 0
    error_message = "A deployment would be refused: ${join(", ", setsubtract(jsondecode(file("calls.json")).deploy, flatten([for name in ["dev-functions", "dev-api"] : jsondecode(aws_iam_policy.deploy[name].policy).Statement[*].Action])))}."
  }
  assert {
    condition     = length(setsubtract(jsondecode(file("calls.json")).plan, flatten(jsondecode(aws_iam_policy.plan[0].policy).Statement[*].Action))) == 0
    error_message = "A plan would be refused: ${join(", ", setsubtract(jsondecode(file("calls.json")).plan, flatten(jsondecode(aws_iam_policy.plan[0].policy).Statement[*].Action)))}."
  }
}

run "a_repository_may_be_named_with_its_ids" {
  command = plan
  variables {
    github_repository = "acme@12/pennyworth@345"
  }
  assert {
    condition     = jsondecode(aws_iam_role.plan[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:acme@12/pennyworth@345:pull_request"
    error_message = "Tokens of repositories made since mid-2026 hold the ids."
  }
}

run "half_of_the_ids_is_no_repository" {
  command = plan
  variables {
    github_repository = "acme@12/pennyworth"
  }
  expect_failures = [var.github_repository]
}

run "a_pattern_is_no_repository" {
  command = plan
  variables {
    github_repository = "acme/*"
  }
  expect_failures = [var.github_repository]
}

run "an_environment_is_named_as_its_module_takes_it" {
  command = plan
  variables {
    environments = ["Dev"]
  }
  expect_failures = [var.environments]
}

run "an_environment_is_not_called_what_this_module_calls_its_own" {
  command = plan
  variables {
    environments = ["dev", "bootstrap"]
  }
  expect_failures = [var.environments]
}

run "no_environments_name_begins_another" {
  command = plan
  variables {
    environments = ["dev", "dev-two"]
  }
  expect_failures = [var.environments]
}

run "another_identity_provider_is_refused" {
  command = plan
  variables {
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com"
  }
  expect_failures = [var.oidc_provider_arn]
}
