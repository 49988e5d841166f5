"""The bill of plans written by hand, with the table of prices as it is."""

import re

import pytest

from tools.idle_cost.bill import bill
from tools.idle_cost.prices import load
from tools.idle_cost.report import data, table

PRICES = load()


def plan(*resources, **variables):
    """`resources`: type, attributes and, where given, what is unknown until apply."""
    return {
        "variables": {name: {"value": value} for name, value in variables.items()},
        "resource_changes": [
            {
                "address": f"{type_}.number_{number}",
                "mode": "managed",
                "type": type_,
                "change": {"after": attributes, "after_unknown": unknown[0] if unknown else {}},
            }
            for number, (type_, attributes, *unknown) in enumerate(resources)
        ],
    }


def usd(*resources, **variables):
    return float(bill(plan(*resources, **variables), PRICES).usd)


ALARM = {"metric_name": "Errors", "period": 60}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (("aws_kms_key", {}), 1.00),
        (("aws_nat_gateway", {}), 32.85),
        (("aws_secretsmanager_secret", {}), 0.40),
        (("aws_ssm_parameter", {"tier": "Standard"}, {"key_id": True}), 0),
        (("aws_ssm_parameter", {"tier": "Standard", "key_id": "alias/own"}), 1.00),
        (("aws_ssm_parameter", {"tier": "Advanced"}), 0.05),
        (("aws_api_gateway_stage", {"cache_cluster_enabled": None}), 0),
        (("aws_api_gateway_stage", {"cache_cluster_enabled": False}), 0),
        (("aws_api_gateway_stage", {"cache_cluster_enabled": True}), 14.60),
        (("aws_lambda_function", {"snap_start": []}), 0),
        (("aws_lambda_function", {"snap_start": [{"apply_on": "None"}]}), 0),
        (("aws_lambda_function", {"snap_start": [{"apply_on": "PublishedVersions"}]}), 39.54),
        (("aws_lambda_provisioned_concurrency_config", {"provisioned_concurrent_executions": 2}), 219.00),
        (("aws_wafv2_web_acl", {"rule": [{"name": "a"}, {"name": "b"}]}), 7.00),
        (("aws_cloudwatch_metric_alarm", ALARM | {"period": 10}), 0.30),
        (("aws_cloudwatch_metric_alarm", {"metric_query": [{"metric": [{"period": 10}]}, {"metric": []}]}), 0.30),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value),
)
def test_a_resource_costs_what_its_attributes_say(resource, expected):
    assert usd(resource) == expected


def test_a_parameter_whose_tier_the_account_decides_is_not_taken_for_free():
    assert usd(("aws_ssm_parameter", {}, {"tier": True})) == 0.05


def test_what_an_account_has_for_free_is_counted_over_all_resources():
    alarm = ("aws_cloudwatch_metric_alarm", ALARM)
    assert usd(*[alarm] * 10) == 0
    assert usd(*[alarm] * 12) == 0.20
    assert usd(*[("aws_cloudwatch_dashboard", {})] * 4) == 3.00


def test_an_alarm_on_several_metrics_counts_as_several():
    alarm = ("aws_cloudwatch_metric_alarm", {"metric_query": [{"metric": [{"period": 60}]}] * 6 + [{"metric": []}]})
    assert usd(alarm) == 0
    assert usd(alarm, alarm) == 0.20


def test_what_bills_while_idle_is_refused_in_one_line_that_names_it():
    found = bill(plan(("aws_nat_gateway", {})), PRICES)
    assert found.complaints == (
        "aws_nat_gateway.number_0: bills $32.85 a month while idle (a NAT gateway at $0.045 an hour);"
        " no option turns it on",
    )


def test_an_option_allows_what_it_turns_on_and_nothing_else():
    firewall = ("aws_wafv2_web_acl", {"rule": [{}]})
    allowed = bill(plan(firewall, waf={"requests_per_5_minutes": 1000}), PRICES)
    assert (float(allowed.usd), allowed.complaints) == (6.00, ())
    for variables in ({}, {"waf": None}, {"alarms": {}}):
        complaints = bill(plan(firewall, **variables), PRICES).complaints
        assert len(complaints) == 2
        assert all("only the option `waf` may turn it on" in complaint for complaint in complaints)


def test_a_type_without_a_price_is_refused():
    found = bill(plan(("aws_dax_cluster", {})), PRICES)
    assert found.complaints == (
        "aws_dax_cluster.number_0: no price is known for aws_dax_cluster; add it to tools/idle_cost/prices.json",
    )


def test_what_is_read_or_removed_costs_nothing():
    changes = plan(("aws_kms_key", None), ("aws_kms_key", {}))
    changes["resource_changes"][1]["mode"] = "data"
    assert bill(changes, PRICES).lines == ()


def test_every_price_has_a_dated_source():
    for type_, price in PRICES.resources.items():
        assert price.source in PRICES.sources, type_
    for name, source in PRICES.sources.items():
        assert re.match(r"https://(docs\.)?aws\.amazon\.com/", source.url), name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", source.read), name
        assert {source.billing, source.figures} <= {"page", "quoted"}, name


def test_every_source_is_used():
    assert {price.source for price in PRICES.resources.values()} == set(PRICES.sources)


def test_the_table_shows_every_resource_its_price_its_source_and_the_sum():
    found = bill(plan(("aws_s3_bucket", {}), ("aws_kms_key", {})), PRICES)
    lines = table(found, PRICES, "prod").splitlines()
    assert "aws_s3_bucket.number_0     0.00  empty when made [s3]" in lines
    assert "aws_kms_key.number_1       1.00  a KMS key of your own [kms]" in lines
    assert "  [kms] https://aws.amazon.com/kms/pricing/ (read 2026-11-23, in its own words)" in lines
    assert (
        "  [s3] https://aws.amazon.com/s3/pricing/ (read 2026-11-23, in its own words, figures as others quote it)"
        in lines
    )
    assert "Use adds: files $0.023 per GB and month until they expire." in lines
    assert lines[-1] == "At rest: $1.00 a month"


def test_scripts_get_the_same():
    shown = data(bill(plan(("aws_kms_key", {})), PRICES), PRICES, "prod")
    assert shown["usd_per_month"] == 1.00
    assert shown["resources"][0]["source"] == "https://aws.amazon.com/kms/pricing/"
    assert len(shown["complaints"]) == 1
