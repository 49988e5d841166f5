resource "aws_lambda_layer_version" "this" {
  layer_name               = var.name
  filename                 = var.file
  source_code_hash         = filebase64sha256(var.file)
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]

  lifecycle {
    # A layer version cannot be changed. The functions move to the new one before the old one goes; versions of a
    # function that were published with the old one keep working (Lambda developer guide, "Deleting a layer version").
    create_before_destroy = true
  }
}
