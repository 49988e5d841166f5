output "dashboard_name" {
  description = "The dashboard's name; null when there is none"
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "query_names" {
  description = "Names of the saved Logs Insights queries"
  value       = sort([for query in aws_cloudwatch_query_definition.this : query.name])
}
