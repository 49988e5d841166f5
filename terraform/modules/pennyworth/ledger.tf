# The usage log on its way to the ledger: CloudWatch Logs hands it every record of a request that asked a model, and of
# a call of a tool that has a price.

locals {
  # Whose log holds records with a cost, and which those are. A log group takes two such filters.
  metered = {
    openai = "{ $.message = \"request\" && $.kind = \"*\" }" # services/openai/meter.py writes `kind`
    # services/mcp/access/usage.py does; most tools are free, and nothing of them could be added up.
    mcp = "{ $.message = \"request\" && $.kind = \"*\" && $.cost_microusd > 0 }"
  }
}

# How often Lambda tries is as it is unless set, which is the most that could be: of what the ledger fails at it makes two
# more attempts, and what it cannot hand over yet it keeps for six hours.
resource "aws_lambda_permission" "ledger" {
  for_each = local.metered

  statement_id   = "UsageLog-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = module.function["ledger"].name
  qualifier      = module.function["ledger"].alias_name
  principal      = "logs.amazonaws.com"
  source_arn     = "${module.function[each.key].log_group_arn}:*"
  source_account = data.aws_caller_identity.this.account_id
}

resource "aws_cloudwatch_log_subscription_filter" "ledger" {
  for_each = local.metered

  name            = "ledger"
  log_group_name  = module.function[each.key].log_group_name
  filter_pattern  = each.value
  destination_arn = module.function["ledger"].alias_arn

  # CloudWatch tries whether it may.
  depends_on = [aws_lambda_permission.ledger]
}
