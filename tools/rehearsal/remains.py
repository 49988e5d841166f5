"""What is left in an account: every kind of resource an installation is made of, listed."""

from collections.abc import Iterator
from typing import Any

from local.provision import Aws

# Service, operation, its arguments, where the list is in the answer, and what names an entry. IAM's policies are the
# account's own; AWS's are everywhere.
_LISTS: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
    ("acm", "list_certificates", {}, "CertificateSummaryList", "CertificateArn"),
    ("apigateway", "get_api_keys", {}, "items", "name"),
    ("apigateway", "get_domain_names", {}, "items", "domainName"),
    ("apigateway", "get_rest_apis", {}, "items", "name"),
    ("apigateway", "get_usage_plans", {}, "items", "name"),
    ("cloudwatch", "describe_alarms", {}, "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", {}, "DashboardEntries", "DashboardName"),
    ("cognito-identity", "list_identity_pools", {"MaxResults": 60}, "IdentityPools", "IdentityPoolName"),
    ("cognito-idp", "list_user_pools", {"MaxResults": 60}, "UserPools", "Name"),
    ("events", "list_rules", {}, "Rules", "Name"),
    ("iam", "list_open_id_connect_providers", {}, "OpenIDConnectProviderList", "Arn"),
    ("iam", "list_policies", {"Scope": "Local"}, "Policies", "PolicyName"),
    ("iam", "list_roles", {}, "Roles", "RoleName"),
    ("iam", "list_users", {}, "Users", "UserName"),
    ("kms", "list_keys", {}, "Keys", "KeyId"),
    ("lambda", "list_functions", {}, "Functions", "FunctionName"),
    ("lambda", "list_layers", {}, "Layers", "LayerName"),
    ("logs", "describe_log_groups", {}, "logGroups", "logGroupName"),
    ("logs", "describe_metric_filters", {}, "metricFilters", "filterName"),
    ("logs", "describe_query_definitions", {}, "queryDefinitions", "name"),
    ("s3", "list_buckets", {}, "Buckets", "Name"),
    ("secretsmanager", "list_secrets", {}, "SecretList", "Name"),
    ("sns", "list_subscriptions", {}, "Subscriptions", "SubscriptionArn"),
    ("sns", "list_topics", {}, "Topics", "TopicArn"),
    ("ssm", "describe_parameters", {}, "Parameters", "Name"),
)


def remains(aws: Aws) -> Iterator[str]:
    """`service: name` of all that is there."""
    for service, operation, arguments, where, name in _LISTS:
        for entry in getattr(aws(service), operation)(**arguments).get(where, []):
            yield f"{service}: {entry[name]}"
