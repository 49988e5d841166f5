variable "name" {
  description = "Name of the layer."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "A layer's name has 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "file" {
  description = "Path of the layer's zip, as `make build` wrote it."
  type        = string

  validation {
    condition     = fileexists(var.file)
    error_message = "${var.file} was not built: run `make build`."
  }
}

variable "architecture" {
  description = "Instruction set of the functions that use it: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Lambda knows the architectures arm64 and x86_64."
  }
}

variable "runtime" {
  description = "Lambda runtime of the functions that use it."
  type        = string
  default     = "python3.13"
}
