mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
  mock_data "aws_region" {
    defaults = {
      name = "eu-central-1"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/pennyworth-test-function-openai"
    }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn     = "arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-openai"
      version = "8"
    }
  }
}

variables {
  name        = "pennyworth-test-openai"
  description = "Inference"
  file        = "main.tf" # any file will do
  handler     = "services.openai.app.handler"
  layers      = ["arn:aws:lambda:eu-central-1:123456789012:layer:pennyworth-test:3"]
  memory_mb   = 512
  timeout_s   = 900
  environment = { VERSION = "1.2.3" }
  role_name   = "pennyworth-test-function-openai"
  statements = [{
    sid       = "ProviderKeys"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:aws:ssm:eu-central-1:123456789012:parameter/pennyworth/test/providers/acme"]
  }]
}

run "a_function_is_published_behind_its_alias" {
  assert {
    condition     = aws_lambda_function.this.publish
    error_message = "Without a published version there is nothing to return to."
  }
  assert {
    condition     = aws_lambda_alias.this.name == "live" && aws_lambda_alias.this.function_version == aws_lambda_function.this.version
    error_message = "The alias is on ${aws_lambda_alias.this.function_version}, not on the newest version."
  }
  assert {
    condition     = length(aws_lambda_alias.this.routing_config) == 0
    error_message = "Without a canary all traffic goes to one version."
  }
  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("main.tf")
    error_message = "Changed code would go unnoticed."
  }
}

run "by_default_it_is_traced_unbounded_on_arm_and_buffered" {
  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "X-Ray must be active."
  }
  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["arm64"]) && aws_lambda_function.this.runtime == "python3.13"
    error_message = "The artifacts are built for Python 3.13 on arm64."
  }
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == null
    error_message = "Nothing is reserved unless it is asked for."
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ VERSION = "1.2.3" })
    error_message = "A buffered function starts Lambda's own bootstrap."
  }
  assert {
    condition     = aws_iam_role.this.permissions_boundary == null
    error_message = "There is no boundary unless it is asked for."
  }
}

run "logs_are_json_and_kept_for_a_while" {
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/pennyworth-test-openai" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must be Lambda's usual one, with retention."
  }
  assert {
    condition = (
      aws_lambda_function.this.logging_config[0].log_format == "JSON" &&
      aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    )
    error_message = "The function must write JSON into its own log group."
  }
}

run "the_role_may_write_its_logs_and_traces_and_what_was_given" {
  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[*].Sid == ["Logs", "Traces", "ProviderKeys"]
    error_message = "The statements are ${aws_iam_role_policy.this.policy}."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[0].Resource == ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/pennyworth-test-openai:*"]
    error_message = "The function may write its own log group alone."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid if contains(statement.Resource, "*")] == ["Traces"]
    error_message = "Only X-Ray, which knows no resources, may have a *."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : !can(statement.Condition)])
    error_message = "A statement without conditions must not carry an empty Condition."
  }
  assert {
    condition     = aws_iam_role_policy.this.name == "access"
    error_message = "The policy's name is part of the interface."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = "lambda.amazonaws.com" }
    error_message = "Lambda alone may assume the role."
  }
}

run "conditions_are_grouped_by_their_test" {
  variables {
    statements = [{
      sid       = "Inference"
      actions   = ["lambda:InvokeFunction"]
      resources = ["arn:aws:lambda:eu-central-1:123456789012:function:x"]
      conditions = [
        { test = "StringEquals", variable = "aws:RequestedRegion", values = ["eu-central-1"] },
        { test = "StringEquals", variable = "aws:ResourceAccount", values = ["123456789012"] },
        { test = "Bool", variable = "aws:SecureTransport", values = ["true"] },
      ]
    }]
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[2].Condition == {
      Bool         = { "aws:SecureTransport" = ["true"] }
      StringEquals = { "aws:RequestedRegion" = ["eu-central-1"], "aws:ResourceAccount" = ["123456789012"] }
    }
    error_message = "The policy is ${aws_iam_role_policy.this.policy}."
  }
}

run "a_streaming_function_starts_our_runtime" {
  variables {
    streaming = true
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/stream"
    error_message = "Lambda's own bootstrap does not stream Python."
  }
}

run "a_canary_gets_its_share_and_the_alias_stays" {
  variables {
    canary = { stable_version = "7", weight = 0.1 }
  }
  assert {
    condition     = aws_lambda_alias.this.function_version == "7"
    error_message = "The alias must stay on the stable version."
  }
  assert {
    condition     = aws_lambda_alias.this.routing_config[0].additional_version_weights == tomap({ "8" = 0.1 })
    error_message = "The newest version must get the canary's share."
  }
}

run "a_canary_of_the_newest_version_itself_routes_nothing" {
  variables {
    canary = { stable_version = "8", weight = 0.1 }
  }
  assert {
    condition     = aws_lambda_alias.this.function_version == "8" && length(aws_lambda_alias.this.routing_config) == 0
    error_message = "Lambda refuses a weight on the alias's own version."
  }
}

run "concurrency_and_the_boundary_are_what_was_asked_for" {
  variables {
    concurrency              = 16
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 16
    error_message = "The concurrency was not reserved."
  }
  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role has no boundary."
  }
}

run "a_file_that_was_not_built_is_refused" {
  command = plan
  variables {
    file = "no-such.zip"
  }
  expect_failures = [var.file]
}

run "too_little_memory_is_refused" {
  command = plan
  variables {
    memory_mb = 127
  }
  expect_failures = [var.memory_mb]
}

run "too_much_memory_is_refused" {
  command = plan
  variables {
    memory_mb = 10241
  }
  expect_failures = [var.memory_mb]
}

run "no_time_at_all_is_refused" {
  command = plan
  variables {
    timeout_s = 0
  }
  expect_failures = [var.timeout_s]
}

run "more_than_15_minutes_is_refused" {
  command = plan
  variables {
    timeout_s = 901
  }
  expect_failures = [var.timeout_s]
}

run "a_weight_over_1_is_refused" {
  command = plan
  variables {
    canary = { stable_version = "7", weight = 10 }
  }
  expect_failures = [var.canary]
}

run "a_canary_beside_LATEST_is_refused" {
  command = plan
  variables {
    canary = { stable_version = "$LATEST", weight = 0.1 }
  }
  expect_failures = [var.canary]
}

run "a_retention_cloudwatch_does_not_know_is_refused" {
  command = plan
  variables {
    log_retention_days = 31
  }
  expect_failures = [var.log_retention_days]
}

run "logs_kept_for_ever_are_refused" {
  command = plan
  variables {
    log_retention_days = 0
  }
  expect_failures = [var.log_retention_days]
}

run "an_environment_over_4_kb_is_refused" {
  command = plan
  variables {
    environment = { LARGE = join("", [for _ in range(1000) : "xxxx"]) }
  }
  expect_failures = [var.environment]
}

run "an_environment_is_counted_in_bytes" {
  command = plan
  variables {
    environment = { LARGE = join("", [for _ in range(700) : "€€"]) }
  }
  expect_failures = [var.environment]
}

run "two_statements_of_one_sid_are_refused" {
  command = plan
  variables {
    statements = [
      { sid = "Pepper", actions = ["ssm:GetParameter"], resources = ["arn:aws:ssm:eu-central-1:123456789012:parameter/a"] },
      { sid = "Pepper", actions = ["ssm:GetParameter"], resources = ["arn:aws:ssm:eu-central-1:123456789012:parameter/b"] },
    ]
  }
  expect_failures = [var.statements]
}

run "the_modules_own_sids_are_taken" {
  command = plan
  variables {
    statements = [{ sid = "Logs", actions = ["logs:CreateLogGroup"], resources = ["arn:aws:logs:eu-central-1:123456789012:log-group:x"] }]
  }
  expect_failures = [var.statements]
}

run "a_statement_without_a_sid_is_refused" {
  command = plan
  variables {
    statements = [{ sid = "", actions = ["ssm:GetParameter"], resources = ["arn:aws:ssm:eu-central-1:123456789012:parameter/a"] }]
  }
  expect_failures = [var.statements]
}

run "no_concurrency_at_all_is_refused" {
  command = plan
  variables {
    concurrency = 0
  }
  expect_failures = [var.concurrency]
}

run "an_unknown_architecture_is_refused" {
  command = plan
  variables {
    architecture = "riscv"
  }
  expect_failures = [var.architecture]
}
