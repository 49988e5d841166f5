# What can be seen costs nothing until somebody looks: the dashboard shows what AWS measures anyway, and asks the logs
# (0.005 dollars a scanned GB) only while it is open. Made here are four metrics, for what nothing else measures: 0.30
# dollars each in a month in which they receive data (an account's first ten are free), nothing in others, which is why
# none has a default value. None has a dimension, whose every value would be a metric of its own: those by model are in
# the function's lines themselves (docs/usage.md). Log retention is set where the log groups are made. Source: Amazon
# CloudWatch pricing (read 2026-11).

data "aws_region" "this" {}

locals {
  queries = jsondecode(file("${path.module}/queries.json"))
  logs    = merge({ for key, function in var.functions : key => function.log_group_name }, { access = var.api.access_log_group_name })

  metrics = merge(
    {
      first_byte = { log = "openai", name = "FirstByte", unit = "Milliseconds", value = "$.first_byte_ms", pattern = "{ $.message = \"request\" && $.first_byte_ms = * }" }
      cost       = { log = "openai", name = "CostMicrousd", unit = "None", value = "$.cost_microusd", pattern = "{ $.message = \"request\" && $.cost_microusd = * }" }
      refusals   = { log = "authorizer", name = "Refusals", unit = "Count", value = "1", pattern = "{ $.message = \"refused\" }" }
    },
    # One metric, fed from the logs of all functions: what is ours to mend. The authorizer's exception of that name is its way to say no.
    {
      for key in keys(var.functions) : "faults_${key}" => {
        log     = key, name = "Faults", unit = "Count", value = "1"
        pattern = "{ $.level = \"ERROR\" && ($.errorMessage NOT EXISTS || $.errorMessage != \"Unauthorized\") }"
      }
    },
  )
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.metrics

  name           = "${var.name}-${each.key}"
  log_group_name = local.logs[each.value.log]
  pattern        = each.value.pattern

  metric_transformation {
    namespace = var.name
    name      = each.value.name
    unit      = each.value.unit
    value     = each.value.value
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  log_group_names = [for log in each.value.logs : local.logs[log]]
  query_string    = join("\n| ", each.value.query)
}
