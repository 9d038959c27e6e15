# What a hub file says, as frazil writes it into hub.auto.tfvars.json.

variable "name" {
  description = "The hub's name: of the cluster, and the first part of all other names."
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

variable "labels" {
  description = "Labels of every resource, by which costs are told apart and leftovers found."
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
  description = "Zones to use, the first one with the nodes and disks; empty for the region's first."
  type        = list(string)
}

variable "network" {
  description = "Addresses of nodes, pods and Services; NAT gateways (none, single, per-zone); whether flow logs are kept."
  type = object({
    cidr      = string
    pods      = string
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
  description = "Service accounts that get rights in the cloud, by what they do, with the name of the service account there: user, certificates, report."
  type        = map(object({ name = string, namespace = string, account = string }))
}

variable "accounts" {
  description = "Names of the service accounts of the cloud that are no pod's: nodes."
  type        = map(string)
}

variable "domain" {
  description = "The hub's public name; null for none."
  type        = string
  nullable    = true
}

variable "dns" {
  description = "The managed zone in which the hub's name gets a record; null where the record is made by hand."
  type        = object({ zone = string })
  nullable    = true
}

variable "administrators" {
  description = "Members of IAM that administer the project's clusters, beside whoever may already."
  type        = list(string)
}

variable "billing" {
  description = "Whether there is a dataset for the billing export; the bucket or the table that the page of costs reads, null for none."
  type = object({
    exports = bool
    bucket  = object({ name = string, folder = string })
    table   = object({ project = string, dataset = string, table = string })
  })
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

variable "event" {
  description = "First and last day of an event, when nobody upgrades nodes; null for none."
  type = object({
    from = string
    to   = string
  })
  nullable = true
  default  = null
}
