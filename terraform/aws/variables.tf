# What a hub file says, as frazil writes it into hub.auto.tfvars.json.

variable "name" {
  description = "The hub's name: of the cluster, and the first part of all other names."
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

variable "tags" {
  description = "Tags of every resource, by which costs are told apart and leftovers found."
  type        = map(string)
}

variable "kubernetes" {
  description = "The minor version, and who upgrades it: manual or automatic."
  type = object({
    version  = string
    upgrades = string
  })
}

variable "zones" {
  description = "Zones to use, the first one with the disks; empty for the region's first three."
  type        = list(string)
}

variable "network" {
  description = "Addresses of nodes and pods, and of Services; NAT gateways (none, single, per-zone); whether flow logs are kept."
  type = object({
    cidr      = string
    services  = string
    nat       = string
    flow_logs = bool
  })
}

variable "pools" {
  description = "Node pools by name. CPU in millicores, memory in bytes: what the first machine offers, for scaling from zero."
  type = map(object({
    machines = list(string)
    arch     = string
    spot     = bool
    min      = number
    max      = number
    zones    = list(string)
    labels   = map(string)
    taints   = list(object({ key = string, value = string, effect = string }))
    cpu      = number
    memory   = number
    gpus     = number
  }))
}

variable "homes" {
  description = "Home directories: a shared file system, or a disk of some GiB for the NFS server; how often they are backed up (none, daily, weekly)."
  type = object({
    kind   = string
    size   = number
    backup = string
  })
}

variable "scratch" {
  description = "The scratch bucket and after how many days its objects expire; null for none."
  type = object({
    bucket = string
    days   = number
  })
  nullable = true
}

variable "registry" {
  description = "The repository of the hub image; null where the hub file names an image of its own."
  type        = string
  nullable    = true
}

variable "identities" {
  description = "Service accounts that get rights in the cloud, by what they do, with the name of the role: user, autoscaler, homes, certificates, report."
  type        = map(object({ name = string, namespace = string, account = string }))
}

variable "accounts" {
  description = "Names of the roles that the cluster and its nodes have: cluster, nodes."
  type        = map(string)
}

variable "domain" {
  description = "The hub's public name; null for none."
  type        = string
  nullable    = true
}

variable "dns" {
  description = "The public zone in which the hub's name gets a record; null where the record is made by hand."
  type        = object({ zone = string })
  nullable    = true
}

variable "administrators" {
  description = "ARNs of roles and users that administer the cluster, beside whoever makes it."
  type        = list(string)
}

variable "billing" {
  description = "Whether the account's bills are exported, as CUR 2.0 and as FOCUS; the bucket and the folder in it that the page of costs reads, null for none."
  type = object({
    exports = bool
    bucket  = object({ name = string, folder = string })
  })
}

variable "nodes" {
  description = "How many nodes each pool has now, by its name, as the autoscaler left it; a pool that is not named gets the fewest."
  type        = map(number)
}

variable "budget" {
  description = "What may be spent in a month or, between two days, on an event; percentages at which the contact is told; null for none."
  type = object({
    total    = string
    currency = string
    alert_at = list(number)
    at_100   = string
    contact  = string
    from     = string
    to       = string
  })
  nullable = true
}
