mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:pennyworth-test-alarms" }
  }
}

variables {
  name = "pennyworth-test"
  api  = { name = "pennyworth-test", stage = "v1", access_log_group_name = "/aws/apigateway/pennyworth-test" }
  functions = {
    for key in ["openai", "mcp", "admin", "authorizer", "ledger"] :
    key => { name = "pennyworth-test-${key}", log_group_name = "/aws/lambda/pennyworth-test-${key}" }
  }
}

run "by_default_there_is_a_dashboard_and_nothing_that_bills_at_rest" {
  assert {
    condition     = output.dashboard_name == "pennyworth-test"
    error_message = "A dashboard of the installation's name was expected."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) + length(aws_cloudwatch_metric_alarm.throttles) == 0
    error_message = "Alarms bill at rest: none unless asked for."
  }
  assert {
    condition     = length(aws_sns_topic.this) == 0
    error_message = "Without alarms nobody is told anything."
  }
}

run "few_metrics_are_made_and_none_while_idle" {
  assert {
    condition     = length(distinct([for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name])) == 4
    error_message = "Every metric is 0.30 dollars a month: think before adding one."
  }
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].default_value == null && length(coalesce(filter.metric_transformation[0].dimensions, {})) == 0])
    error_message = "A default value bills while idle, and every value of a dimension is a metric of its own."
  }
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].namespace == "pennyworth-test"])
    error_message = "Installations of one account must not mix their metrics."
  }
}

run "the_dashboard_fits_together" {
  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.x + widget.width <= 24])
    error_message = "A dashboard is 24 wide."
  }
  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.region == "eu-west-1"])
    error_message = "Every widget names its Region."
  }
  assert {
    condition     = length([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget if try(startswith(widget.properties.query, "SOURCE '/aws/"), false)]) == 7
    error_message = "A log widget begins with the logs it reads."
  }
  assert {
    condition     = sum([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : length(try(widget.properties.metrics, []))]) <= 50
    error_message = "The free dashboards take 50 metrics."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "[\"AWS/ApiGateway\",\"5XXError\",\"ApiName\",\"pennyworth-test\",\"Stage\",\"v1\"]")
    error_message = "The API's errors are missing."
  }
}

run "queries_are_saved_under_the_installations_name" {
  assert {
    condition     = alltrue([for name in ["usage-by-user", "usage-by-key", "usage-by-model", "slowest", "errors"] : contains(output.query_names, "pennyworth-test/${name}")])
    error_message = "Saved: ${join(", ", output.query_names)}."
  }
  assert {
    condition     = aws_cloudwatch_query_definition.this["refusals"].log_group_names == tolist(["/aws/apigateway/pennyworth-test"])
    error_message = "Who was refused at the door stands in the API's access log."
  }
  assert {
    condition     = length(aws_cloudwatch_query_definition.this["errors"].log_group_names) == 4
    error_message = "Errors are looked for in every function's log."
  }
}

run "no_dashboard_is_made_where_none_is_wanted" {
  variables {
    dashboard = false
  }
  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0 && output.dashboard_name == null
    error_message = "dashboard = false makes none."
  }
}

run "alarms_tell_the_address_given" {
  variables {
    alarms = { email = "ops@example.com", error_percent = 2 }
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["errors", "faults", "first-byte", "latency", "refusals"] && length(aws_cloudwatch_metric_alarm.throttles) == 1
    error_message = "There are ${join(", ", keys(aws_cloudwatch_metric_alarm.this))}."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["errors"].threshold == 0.02 && aws_cloudwatch_metric_alarm.this["errors"].statistic == "Average"
    error_message = "The average of API Gateway's 5XXError is the share of requests."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching" && length(alarm.alarm_actions) == 1])
    error_message = "Silence is no alarm, and every alarm tells somebody."
  }
  assert {
    condition     = aws_sns_topic_subscription.this[0].endpoint == "ops@example.com"
    error_message = "The address was not subscribed."
  }
}

run "alarms_may_tell_nobody" {
  variables {
    alarms = {}
  }
  assert {
    condition     = length(aws_sns_topic.this) == 0 && aws_cloudwatch_metric_alarm.this["latency"].threshold == 300000
    error_message = "Without an address there is no topic."
  }
}

run "a_name_cloudwatch_would_refuse_is_refused" {
  command = plan
  variables {
    name = "Pennyworth dev"
  }
  expect_failures = [var.name]
}

run "a_function_nobody_knows_is_refused" {
  command = plan
  variables {
    functions = { openai = { name = "x", log_group_name = "/aws/lambda/x" } }
  }
  expect_failures = [var.functions]
}

run "what_is_no_address_is_refused" {
  command = plan
  variables {
    alarms = { email = "ops" }
  }
  expect_failures = [var.alarms]
}

run "a_share_above_the_whole_is_refused" {
  command = plan
  variables {
    alarms = { error_percent = 101 }
  }
  expect_failures = [var.alarms]
}

run "an_alarm_that_is_never_silent_is_refused" {
  command = plan
  variables {
    alarms = { latency_s = 0 }
  }
  expect_failures = [var.alarms]
}

run "usage_by_model_is_on_the_dashboard" {
  command = plan
  assert {
    condition = alltrue([for title in ["Tokens by model", "Requests by model", "Answers by model (p95, ms)"] :
      length([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget if widget.properties.title == title]) == 1
    ])
    error_message = "tokens, requests and duration by model are shown"
  }
}

run "without_metrics_by_model_none_are_shown" {
  command = plan
  variables {
    usage_metrics = false
  }
  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "served}")
    error_message = "no widget asks for metrics that are not made"
  }
}
