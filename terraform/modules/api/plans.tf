# Whose requests are counted together: a usage plan for each group and one for people in no group, each with an API key
# that stands for all who have none of their own. The admin service puts keys of their own into a group's plan once the
# group has a rate. No API key opens anything: API Gateway takes it from the authorizer alone.

locals {
  # By what the authorizer makes a shared API key's value of (shared/pennyworth/keys.py, shared_identifier).
  plans = merge({ for name, group in var.groups : "group ${name}" => group.rate }, { others = null })
  rated = anytrue([for rate in values(local.plans) : rate != null])
}

resource "aws_api_gateway_usage_plan" "this" {
  for_each = local.plans

  name = "${var.name}-${replace(each.key, " ", "-")}"

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  dynamic "throttle_settings" {
    for_each = each.value == null ? [] : [each.value]

    content {
      rate_limit  = throttle_settings.value.per_s
      burst_limit = throttle_settings.value.burst
    }
  }
}

resource "aws_api_gateway_api_key" "shared" {
  for_each = local.plans

  name        = "${var.name}-${replace(each.key, " ", "-")}"
  description = "Stands for all who are counted together: ${each.key}"
  value       = sha256("${var.name} ${each.key}")
}

resource "aws_api_gateway_usage_plan_key" "shared" {
  for_each = local.plans

  key_id        = aws_api_gateway_api_key.shared[each.key].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this[each.key].id
}
