"""What has to be an account's only one of its name."""

import json
from collections.abc import Iterable

from tests.terraform.installation import Resource

# Type → the attribute that has to be an account's only one.
NAMES = {
    "aws_api_gateway_api_key": "name",
    "aws_api_gateway_domain_name": "domain_name",
    "aws_api_gateway_rest_api": "name",
    "aws_api_gateway_usage_plan": "name",
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_cloudwatch_log_group": "name",
    "aws_cloudwatch_log_metric_filter": "metric_transformation",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_cloudwatch_query_definition": "name",
    "aws_cognito_identity_pool": "identity_pool_name",
    "aws_cognito_user_pool": "name",
    "aws_iam_role": "name",
    "aws_lambda_function": "function_name",
    "aws_lambda_layer_version": "layer_name",
    "aws_s3_bucket": "bucket",
    "aws_sns_topic": "name",
    "aws_ssm_parameter": "name",
    "aws_wafv2_web_acl": "name",
}
# Parts of one of these: named within it.
PARTS = (
    "aws_api_gateway_",
    "aws_cloudwatch_log_subscription_filter",
    "aws_cognito_resource_server",
    "aws_cognito_user_",
    "aws_iam_role_policy",
    "aws_lambda_alias",
    "aws_lambda_permission",
    "aws_s3_bucket_",
    "aws_sns_topic_subscription",
    "aws_wafv2_web_acl_association",
)


def nameless(resources: Iterable[Resource]) -> set[str]:
    """Types of which nobody has said what their name is."""
    return {each.type for each in resources if each.type not in NAMES and not each.type.startswith(PARTS)}


def names(resources: Iterable[Resource]) -> set[tuple[str, str]]:
    """(type, name) of each."""
    return {(each.type, json.dumps(each.values[NAMES[each.type]])) for each in resources if each.type in NAMES}
