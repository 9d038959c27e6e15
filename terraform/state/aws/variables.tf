variable "name" {
  description = "The hub's name."
  type        = string
}

variable "account" {
  description = "The account that pays; nothing is changed in another one."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "bucket" {
  description = "The bucket's name, as the hub's backend names it."
  type        = string
}

variable "tags" {
  description = "Tags of the bucket, by which costs are told apart and leftovers found."
  type        = map(string)
}
