# Rows of two or three widgets, from what users feel to what is behind it.

locals {
  region = data.aws_region.this.name

  # CloudWatch's own metrics. Names: API Gateway, Lambda and Amazon Bedrock user guides (read 2026-11).
  api     = ["ApiName", var.api.name, "Stage", var.api.stage]
  lambdas = [for key in sort(keys(var.functions)) : { label = key, dimension = ["FunctionName", var.functions[key].name] }]
  # Of the whole account and Region: Bedrock counts by model, not by who asks.
  bedrock = {
    for metric, statistic in {
      Invocations            = "Sum", InvocationLatency = "p95", InvocationThrottles = "Sum", InputTokenCount = "Sum", OutputTokenCount = "Sum",
      InvocationClientErrors = "Sum", InvocationServerErrors = "Sum"
    } :
    metric => { expression = "SEARCH('{AWS/Bedrock,ModelId} MetricName=\"${metric}\"', '${statistic}', 300)", label = "$${PROP('MetricName')} $${PROP('Dim.ModelId')}" }
  }

  # This installation's own, which the lines of its log hold (docs/usage.md): a model shows itself when it is used.
  usage = {
    for metric, statistic in { completion_tokens = "Sum", prompt_tokens = "Sum", duration_ms = "p95" } :
    metric => { expression = "SEARCH('{\"${var.name}\",service,served} MetricName=\"${metric}\"', '${statistic}', 300)", label = "$${PROP('Dim.served')} $${PROP('MetricName')}" }
  }
  usage_rows = [for row in [[
    { title = "Tokens by model", stat = "Sum", metrics = [[local.usage.prompt_tokens], [local.usage.completion_tokens]] },
    { title = "Requests by model", metrics = [[
      { expression = "SEARCH('{\"${var.name}\",service,served} MetricName=\"duration_ms\"', 'SampleCount', 300)", label = "$${PROP('Dim.served')}" }
    ]] },
    { title = "Answers by model (p95, ms)", metrics = [[local.usage.duration_ms]] },
  ]] : row if var.usage_metrics]

  rows = concat(local.first_rows, local.usage_rows, local.last_rows)

  first_rows = [
    [
      { title = "Requests and errors", stat = "Sum", metrics = [
        concat(["AWS/ApiGateway", "Count"], local.api),
        concat(["AWS/ApiGateway", "4XXError"], local.api),
        concat(["AWS/ApiGateway", "5XXError"], local.api),
        [var.name, "Faults", { label = "faults logged" }],
      ] },
      { title = "Whole answers (ms)", metrics = [
        for statistic in ["p50", "p95", "p99"] : concat(["AWS/ApiGateway", "Latency"], local.api, [{ stat = statistic, label = statistic }])
      ] },
      { title = "Time to first token (ms)", metrics = [
        for statistic in ["p50", "p95"] : [var.name, "FirstByte", { stat = statistic, label = statistic }]
      ] },
    ],
    [
      { title = "Throttled", stat = "Sum", metrics = concat(
        [for each in local.lambdas : concat(["AWS/Lambda", "Throttles"], each.dimension, [{ label = "function ${each.label}" }])],
        [[local.bedrock.InvocationThrottles]],
      ) },
      { title = "Refused", log = "refusals" },
    ],
    [
      { title = "Cost (dollars, list price)", stat = "Sum", period = 3600, metrics = [
        [{ expression = "cost / 1000000", label = "dollars", id = "dollars" }],
        [var.name, "CostMicrousd", { id = "cost", visible = false }],
      ] },
      { title = "Tokens and cost by model", log = "usage-by-model" },
      { title = "Tokens and cost by user", log = "usage-by-user" },
    ],
  ]

  last_rows = [
    [
      { title = "Tokens by model (Bedrock, whole account)", stat = "Sum", metrics = [[local.bedrock.InputTokenCount], [local.bedrock.OutputTokenCount]] },
      { title = "Calls and errors by model (Bedrock, whole account)", stat = "Sum", metrics = [
        [local.bedrock.Invocations], [local.bedrock.InvocationClientErrors], [local.bedrock.InvocationServerErrors],
      ] },
      { title = "Latency by model (p95, ms; Bedrock, whole account)", metrics = [[local.bedrock.InvocationLatency]] },
    ],
    [
      { title = "Functions: errors (the authorizer's: credentials refused, too)", stat = "Sum", metrics = [for each in local.lambdas : concat(["AWS/Lambda", "Errors"], each.dimension, [{ label = each.label }])] },
      { title = "Functions: duration (p95, ms)", stat = "p95", metrics = [for each in local.lambdas : concat(["AWS/Lambda", "Duration"], each.dimension, [{ label = each.label }])] },
      { title = "Functions: at once", stat = "Maximum", metrics = [for each in local.lambdas : concat(["AWS/Lambda", "ConcurrentExecutions"], each.dimension, [{ label = each.label }])] },
    ],
    [
      { title = "Cold starts", log = "cold-starts" },
      { title = "Authorizer (ms, as API Gateway waits for it)", log = "authorizer" },
      { title = "Authorizer: credentials refused", stat = "Sum", metrics = [[var.name, "Refusals"]] },
    ],
    [
      { title = "Slowest", log = "slowest" },
      { title = "Errors", log = "errors" },
    ],
  ]

  widgets = flatten([
    for y, row in local.rows : [
      for x, widget in row : {
        type   = can(widget.log) ? "log" : "metric"
        x      = x * (24 / length(row))
        y      = y * 6
        width  = 24 / length(row)
        height = 6
        properties = merge({ title = widget.title, region = local.region }, try(
          {
            view = "table"
            query = join("\n| ", concat(
              [join(" | ", [for log in local.queries[widget.log].logs : "SOURCE '${local.logs[log]}'"])],
              local.queries[widget.log].query,
            ))
          },
          {
            view    = "timeSeries"
            stat    = try(widget.stat, "Average")
            period  = try(widget.period, 300)
            metrics = widget.metrics
            yAxis   = { left = { min = 0 } }
          },
        ))
      }
    ]
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = local.widgets })
}
