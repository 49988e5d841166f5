# Optional: a web ACL bills by the month and the rule, used or not.

locals {
  # People ask models about HTML, SQL, shells and paths, and send long bodies: what the rules look for in a body is what
  # a prompt holds. These count and do not block ("Baseline rule groups" of the AWS WAF developer guide, read 2026-11).
  # The known-bad-inputs group is left out: it looks for attacks on Java and Node.js, which do not run here.
  counted = [
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",
  ]
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV2_AWS_31:its logs hold headers, and with them keys; its metrics count what it blocks

  count = var.waf == null ? 0 : 1

  name        = var.name
  description = "In front of the API ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  custom_response_body {
    key          = "too-many-requests"
    content_type = "APPLICATION_JSON"
    content      = local.responses.THROTTLED.responseTemplates["application/json"]
  }

  rule {
    name     = "too-many-requests"
    priority = 0

    action {
      block {
        custom_response {
          response_code            = 429
          custom_response_body_key = "too-many-requests"

          response_header {
            name  = "retry-after"
            value = "60"
          }
          response_header {
            name  = "access-control-allow-origin"
            value = "*"
          }
        }
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.waf.requests_per_5_minutes
        evaluation_window_sec = 300
      }
    }

    visibility_config {
      metric_name                = "${var.name}-too-many-requests"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = false # samples show headers, and with them keys
    }
  }

  dynamic "rule" {
    for_each = [
      { name = "AWSManagedRulesAmazonIpReputationList", counted = [] },
      { name = "AWSManagedRulesCommonRuleSet", counted = local.counted },
    ]

    content {
      name     = rule.value.name
      priority = rule.key + 1

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.name

          dynamic "rule_action_override" {
            for_each = rule.value.counted

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        metric_name                = "${var.name}-${rule.value.name}"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    metric_name                = var.name
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.waf == null ? 0 : 1

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this[0].arn
}
