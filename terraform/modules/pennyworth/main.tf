# An installation of Pennyworth, whole. The environments' folders link to these files, so a path that is right here is
# right there: both lie two folders below terraform/.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  name       = "pennyworth-${var.environment}"
  parameters = "/pennyworth/${var.environment}"
  root       = "${path.module}/../../.."
  artifacts  = coalesce(var.artifacts, "${local.root}/dist")
  project    = file("${local.root}/pyproject.toml")
  version    = coalesce(var.app_version, regex("(?m)^version = \"([^\"]+)\"", local.project)[0])

  # Its name is modules/bootstrap's.
  boundary_arn = var.permissions_boundary ? join("", [
    "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:policy/",
    "pennyworth-bootstrap-boundary-${var.environment}-${data.aws_region.this.name}",
  ]) : null

  models  = jsondecode(file("${local.root}/services/openai/models.json"))
  planned = jsondecode(file("${path.module}/../../functions.json"))

  # What the catalogue has no price of, and what it does not list: any model of another provider, by whichever pattern.
  unpriced_models = setsubtract(
    concat(
      [
        for name, model in local.models : name
        if !can(model.price) && !can(model.targets) && (model.provider == "bedrock" ? !can(regex("[*?[]", name)) : contains(keys(var.model_providers), model.provider))
      ],
      flatten([for name, provider in var.model_providers : concat(["${name}/*"], provider.models)]),
    ),
    [for name, model in local.models : name if can(model.price)],
  )
}

module "storage" {
  source = "../../modules/storage"

  name           = "${local.name}-${data.aws_caller_identity.this.account_id}"
  expiry_days    = var.file_expiry_days
  upload_origins = var.upload_origins
  force_destroy  = !var.deletion_protection
}

module "identity" {
  source = "../../modules/identity"

  name                     = local.name
  groups                   = var.groups
  plans                    = module.api.plans
  catalogue                = { for name, model in local.models : name => model.id if try(model.provider, "") == "bedrock" && !can(regex("[*]", model.id)) }
  unlisted_models          = length(var.model_providers) > 0
  unpriced_models          = local.unpriced_models
  bucket_arn               = module.storage.arn
  mfa                      = var.mfa
  sign_in                  = var.mcp_sign_in
  callback_urls            = [for address in module.api.addresses : "${address}/oauth/callback"]
  deletion_protection      = var.deletion_protection
  permissions_boundary_arn = local.boundary_arn
}

# What the keys' MACs are made with. Drawn by AWS and written once: it is in no state and in no plan. Another pepper
# would make every key invalid.
ephemeral "aws_secretsmanager_random_password" "pepper" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "pepper" {
  #checkov:skip=CKV_AWS_337:a key of our own in KMS bills at rest; the AWS-managed one encrypts as well

  name             = "${local.parameters}/key-pepper"
  description      = "Pepper of the API keys' MAC: another one makes every key invalid"
  type             = "SecureString" # under the AWS-managed key, which is free
  tier             = "Standard"     # said, because an account may have made the advanced one, which bills, its default
  value_wo         = ephemeral.aws_secretsmanager_random_password.pepper.random_password
  value_wo_version = 1
}

# What each declared MCP server is. Whatever is secret about it lies beside it, put there by hand.
resource "aws_ssm_parameter" "mcp_server" {
  #checkov:skip=CKV2_AWS_34:no secret is in it: where the server is, and which of its tools are approved
  for_each = local.mcp_servers

  name        = "${local.parameters}/mcp/${each.key}/server"
  description = "The MCP server ${each.key}, as it is declared"
  type        = "String"
  tier        = "Standard" # said, because an account may have made the advanced one, which bills, its default
  value       = jsonencode(each.value)

  lifecycle {
    precondition {
      condition     = length(jsonencode(each.value)) <= 4096
      error_message = "mcp_servers: ${each.key} has ${length(jsonencode(each.value))} characters of JSON, and a parameter that is free takes 4096. Approve fewer of its tools, or declare it twice with other tools each."
    }
  }
}

module "layer" {
  source = "../../modules/layer"

  name         = local.name
  file         = "${local.artifacts}/layer.zip"
  architecture = var.architecture
}

module "function" {
  source   = "../../modules/function"
  for_each = local.planned

  name                     = "${local.name}-${each.key}"
  role_name                = "${local.name}-function-${each.key}"
  description              = "Pennyworth ${var.environment}: ${each.key}"
  file                     = "${local.artifacts}/${each.value.artifact}.zip"
  handler                  = each.value.handler
  architecture             = var.architecture
  layers                   = [module.layer.arn]
  memory_mb                = var.functions[each.key].memory_mb
  timeout_s                = each.value.timeout_s
  concurrency              = var.functions[each.key].concurrency
  canary                   = var.functions[each.key].canary
  streaming                = each.value.streaming
  environment              = merge(local.environment, lookup(local.own_environment, each.key, {}), { POWERTOOLS_SERVICE_NAME = each.key })
  statements               = local.statements[each.key]
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = local.boundary_arn
}

module "api" {
  source = "../../modules/api"

  name     = local.name
  contract = yamldecode(file("${local.root}/openapi.yaml"))
  functions = {
    for key, planned in local.planned : key => {
      name      = module.function[key].name
      alias_arn = module.function[key].alias_arn
      streaming = planned.streaming
      timeout_s = planned.timeout_s
    } if !contains(["authorizer", "ledger"], key) # no route leads to these
  }
  authorizer = {
    name      = module.function["authorizer"].name
    alias_arn = module.function["authorizer"].alias_arn
  }
  authorizer_ttl_s   = var.authorizer_ttl_s
  user_pool_arn      = module.identity.user_pool_arn
  throttle           = var.throttle
  groups             = { for name, group in var.groups : name => { rate = group.rate } }
  log_retention_days = var.log_retention_days
  domain             = var.domain
  waf                = var.waf
}

module "observability" {
  source = "../../modules/observability"

  name = local.name
  api = {
    name                  = local.name
    stage                 = module.api.stage
    access_log_group_name = module.api.access_log_group_name
  }
  functions = {
    for key, function in module.function : key => { name = function.name, log_group_name = function.log_group_name }
  }
  dashboard     = var.dashboard
  usage_metrics = var.usage_metrics
  alarms        = var.alarms
}
