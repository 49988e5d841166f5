mock_provider "aws" {}

variables {
  name = "pennyworth-test"
  file = "main.tf" # any file will do
}

run "a_layer_names_its_architecture_and_runtime" {
  command = plan

  assert {
    condition     = aws_lambda_layer_version.this.compatible_architectures == toset(["arm64"])
    error_message = "The layer is for ${join(", ", aws_lambda_layer_version.this.compatible_architectures)}."
  }
  assert {
    condition     = aws_lambda_layer_version.this.compatible_runtimes == toset(["python3.13"])
    error_message = "The layer is for ${join(", ", aws_lambda_layer_version.this.compatible_runtimes)}."
  }
  assert {
    condition     = aws_lambda_layer_version.this.source_code_hash == filebase64sha256("main.tf")
    error_message = "A changed file would go unnoticed."
  }
}

run "a_file_that_was_not_built_is_refused" {
  command = plan
  variables {
    file = "no-such.zip"
  }
  expect_failures = [var.file]
}

run "an_unknown_architecture_is_refused" {
  command = plan
  variables {
    architecture = "riscv"
  }
  expect_failures = [var.architecture]
}

run "a_name_lambda_would_refuse_is_refused" {
  command = plan
  variables {
    name = "a name"
  }
  expect_failures = [var.name]
}
