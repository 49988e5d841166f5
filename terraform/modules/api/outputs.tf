output "id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "base_url" {
  description = "What clients are given as base URL, without a slash at the end."
  value       = local.base_url
  depends_on  = [aws_api_gateway_stage.this]
}

output "addresses" {
  description = "Every base URL that reaches the API: AWS's, the domain's, or both."
  value       = [for address in local.addresses : "https://${address}/${var.stage}"]
}

output "execution_arn" {
  description = "ARN that policies and permissions name the API by."
  value       = aws_api_gateway_rest_api.this.execution_arn
}

output "stage" {
  description = "Name of the stage."
  value       = aws_api_gateway_stage.this.stage_name
}

output "access_log_group_name" {
  description = "Name of the access log's group."
  value       = aws_cloudwatch_log_group.this.name
}

output "body" {
  description = "The OpenAPI document that API Gateway imports, as JSON."
  value       = local.body
}

output "domain_target" {
  description = "What the domain's DNS alias points to: {name, zone_id}. Null without a domain."
  value = var.domain == null ? null : {
    name    = aws_api_gateway_domain_name.this[0].regional_domain_name
    zone_id = aws_api_gateway_domain_name.this[0].regional_zone_id
  }
}

output "plans" {
  description = "Id of each group's usage plan, by the group's name, once its shared API key is in it."
  value       = { for name in keys(var.groups) : name => aws_api_gateway_usage_plan_key.shared["group ${name}"].usage_plan_id }
}
