# Where Terraform's state of a hub is kept, as frazil writes it.

variable "name" {
  description = "The hub's name."
  type        = string
}

variable "project" {
  description = "The project that pays; nothing is changed in another one."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "bucket" {
  description = "The bucket's name, unique in the world."
  type        = string
}

variable "labels" {
  description = "Labels of the bucket, by which costs are told apart and leftovers found."
  type        = map(string)
}
