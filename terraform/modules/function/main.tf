data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  environment = merge(var.environment, var.streaming ? { AWS_LAMBDA_EXEC_WRAPPER = "/opt/stream" } : {})
  log_group   = "/aws/lambda/${var.name}"

  statements = concat(
    [
      {
        sid     = "Logs"
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
        # Spelled out, not taken from the log group, so that a plan shows the whole policy.
        resources  = ["arn:${data.aws_partition.this.partition}:logs:${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}:log-group:${local.log_group}:*"]
        conditions = []
      },
      {
        sid        = "Traces"
        actions    = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        resources  = ["*"] # X-Ray knows no resources.
        conditions = []
      },
    ],
    var.statements,
  )
}

# Made here, before the function: Lambda would make one that keeps its logs for ever.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:a key of our own in KMS bills at rest; CloudWatch encrypts with its own
  #checkov:skip=CKV_AWS_338:how long logs are kept is the environment's choice, by the privacy of people as much as by audits

  name              = local.log_group
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Lambda"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "access"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in local.statements : {
        for key, value in {
          Sid      = statement.sid
          Effect   = "Allow"
          Action   = statement.actions
          Resource = statement.resources
          Condition = length(statement.conditions) == 0 ? null : {
            for test in distinct(statement.conditions[*].test) : test => {
              for condition in statement.conditions : condition.variable => condition.values if condition.test == test
            }
          }
        } : key => value if value != null
      }
    ]
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:API Gateway and other functions wait for their answers; of what CloudWatch hands the ledger, Lambda makes three attempts, and the log keeps it besides
  #checkov:skip=CKV_AWS_117:it reaches public AWS APIs alone; a VPC would need a NAT gateway or endpoints, which bill at rest
  #checkov:skip=CKV_AWS_173:its variables hold names and no secret, and Lambda encrypts them with its own key
  #checkov:skip=CKV_AWS_272:who may change its code may change its signing configuration too; the deploy role alone may do either

  function_name    = var.name
  description      = var.description
  role             = aws_iam_role.this.arn
  filename         = var.file
  source_code_hash = filebase64sha256(var.file)
  handler          = var.handler
  runtime          = var.runtime
  architectures    = [var.architecture]
  layers           = var.layers
  memory_size      = var.memory_mb
  timeout          = var.timeout_s
  publish          = true # every change of code or configuration is a version one can return to

  reserved_concurrent_executions = var.concurrency

  environment {
    variables = local.environment
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = "INFO"
    system_log_level      = "INFO" # platform.report says what a start took
  }

  tracing_config {
    mode = "Active"
  }

  lifecycle {
    precondition {
      condition     = length(join("", [for name, value in local.environment : "${name}${value}"])) <= 4096
      error_message = "The variables of ${var.name} have ${length(join("", [for name, value in local.environment : "${name}${value}"]))} characters, and Lambda takes 4 KB. Of an installation's values, model_providers and mcp_origins take the most."
    }
  }

  # Its first invocation may come at once.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "this" {
  name             = "live"
  description      = "What serves"
  function_name    = aws_lambda_function.this.function_name
  function_version = var.canary == null ? aws_lambda_function.this.version : var.canary.stable_version

  # Lambda refuses weights on the alias's own version: without anything newer there is nothing to try.
  dynamic "routing_config" {
    for_each = [
      for version in [aws_lambda_function.this.version] : version
      if var.canary == null ? false : version != var.canary.stable_version
    ]
    content {
      additional_version_weights = { (routing_config.value) = var.canary.weight }
    }
  }
}
