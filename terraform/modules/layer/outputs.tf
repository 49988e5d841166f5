output "arn" {
  description = "ARN of the layer's version, for a function's `layers`."
  value       = aws_lambda_layer_version.this.arn
}
