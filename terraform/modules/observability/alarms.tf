# Off by default. Silence is no alarm: where nothing is asked, nothing is wrong.

locals {
  alarms = var.alarms == null ? {} : {
    errors = {
      does      = "${var.alarms.error_percent} % of the requests are answered with a 5xx"
      namespace = "AWS/ApiGateway", metric = "5XXError", statistic = "Average", threshold = var.alarms.error_percent / 100
    }
    latency = {
      does      = "One answer in a hundred takes more than ${var.alarms.latency_s} s"
      namespace = "AWS/ApiGateway", metric = "Latency", statistic = "p99", threshold = var.alarms.latency_s * 1000
    }
    first-byte = {
      does      = "One stream in twenty is silent for more than ${var.alarms.first_byte_s} s"
      namespace = var.name, metric = "FirstByte", statistic = "p95", threshold = var.alarms.first_byte_s * 1000
    }
    faults = {
      does      = "A function logged an error that is ours to mend: see the query ${var.name}/errors"
      namespace = var.name, metric = "Faults", statistic = "Sum", threshold = 0
    }
    refusals = {
      does      = "Credentials are being tried: see the query ${var.name}/refused-addresses"
      namespace = var.name, metric = "Refusals", statistic = "Sum", threshold = var.alarms.refusals
    }
  }
  api_dimensions = { ApiName = var.api.name, Stage = var.api.stage }
  topics         = aws_sns_topic.this[*].arn
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.does
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.namespace == "AWS/ApiGateway" ? local.api_dimensions : {}
  statistic           = contains(["Sum", "Average"], each.value.statistic) ? each.value.statistic : null
  extended_statistic  = contains(["Sum", "Average"], each.value.statistic) ? null : each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = each.key == "faults" ? 1 : 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics

  # A percentile of three requests says nothing.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${var.name}-throttles"
  alarm_description   = "Lambda turns invocations away: reserve more concurrency, or ask AWS for a larger quota"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics

  metric_query {
    id          = "all"
    expression  = "SUM(METRICS())"
    label       = "throttled invocations"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = var.functions
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        dimensions  = { FunctionName = metric_query.value.name }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

# Not encrypted with a key: CloudWatch may not use the AWS-managed one, and one of our own would bill while idle. A
# message holds an alarm's name and a figure.
resource "aws_sns_topic" "this" {
  # checkov:skip=CKV_AWS_26:CloudWatch cannot publish under the AWS-managed key, and a key of our own bills while idle
  count = try(var.alarms.email, null) == null ? 0 : 1

  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "this" {
  count = length(aws_sns_topic.this)

  topic_arn = aws_sns_topic.this[0].arn
  protocol  = "email"
  endpoint  = var.alarms.email
}
