"""What proves that Terraform and `make run` make the same installation."""
