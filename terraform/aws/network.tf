data "aws_availability_zones" "region" {
  state = "available"

  # Local zones take no control plane.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  # Nor do these (EKS user guide, "Amazon EKS networking requirements").
  exclude_zone_ids = ["use1-az3", "usw1-az2", "cac1-az3"]
}

locals {
  offered     = data.aws_availability_zones.region.names
  first_zones = slice(local.offered, 0, min(3, length(local.offered)))

  # A pool may name a zone that is none of the region's first.
  zones = distinct(concat(
    length(var.zones) > 0 ? var.zones : local.first_zones,
    flatten([for pool in values(var.pools) : pool.zones]),
  ))

  # A subnet's part of the network goes by the letter of its zone: addresses of a subnet cannot change, and zones
  # come, go and change their order.
  zone_index = { for zone in local.zones : zone => try(index(split("", "abcdefg"), substr(zone, -1, 1)), 7) }

  # Nodes may be where no control plane is.
  control_zones = [for zone in local.zones : zone if contains(local.offered, zone)]

  prefix    = tonumber(split("/", var.network.cidr)[1])
  nat       = var.network.nat != "none"
  nat_zones = local.nat ? (var.network.nat == "single" ? slice(local.zones, 0, 1) : local.zones) : []

  shared_subnet = { "kubernetes.io/cluster/${var.name}" = "shared" }
}

resource "aws_vpc" "hub" {
  cidr_block           = var.network.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }

  lifecycle {
    # Subnets are an eighth of the network, those of NAT gateways a sixty-fourth.
    precondition {
      condition     = local.prefix >= 16 && local.prefix <= (local.nat ? 22 : 25)
      error_message = "AWS has networks of /16 at most and subnets of /28 at least, so `network.cidr` can be /16 to /22 with NAT gateways and /16 to /25 without; it is /${local.prefix}."
    }
    precondition {
      condition     = length(local.control_zones) >= 2
      error_message = "EKS needs subnets in two zones or more that take a control plane; of ${join(", ", local.zones)} there is only ${join(", ", local.control_zones)}. Name another of ${join(", ", local.offered)} in `zones`."
    }
    # The eighth part is for NAT gateways.
    precondition {
      condition     = alltrue([for index in values(local.zone_index) : index < 7])
      error_message = "The network has room for the zones a to g of a region; asked for are ${join(", ", local.zones)}."
    }
  }
}

# Whatever forgets to name a security group gets one that lets nothing through.
resource "aws_default_security_group" "hub" {
  vpc_id = aws_vpc.hub.id

  tags = { Name = "${var.name}-default" }
}

resource "aws_internet_gateway" "hub" {
  vpc_id = aws_vpc.hub.id

  tags = { Name = var.name }
}

# Nodes and their pods, which take addresses from the same subnet: an eighth of the network in each zone.
# Without NAT nodes have public addresses; their security group admits from outside only what a balancer of
# the cluster sends on.
resource "aws_subnet" "nodes" {
  for_each = local.zone_index

  vpc_id                  = aws_vpc.hub.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.network.cidr, 3, each.value)
  map_public_ip_on_launch = !local.nat

  tags = merge(
    local.shared_subnet,
    { Name = "${var.name}-nodes-${each.key}", "kubernetes.io/role/internal-elb" = "1" },
    local.nat ? {} : { "kubernetes.io/role/elb" = "1" },
  )
}

# NAT gateways and balancers, where nodes are private.
resource "aws_subnet" "public" {
  for_each = local.nat ? local.zone_index : {}

  vpc_id            = aws_vpc.hub.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(cidrsubnet(var.network.cidr, 3, 7), 3, each.value)

  tags = merge(
    local.shared_subnet,
    { Name = "${var.name}-public-${each.key}", "kubernetes.io/role/elb" = "1" },
  )
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }

  depends_on = [aws_internet_gateway.hub]
}

resource "aws_nat_gateway" "nat" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_route.public]
}

# A table for each zone even where all lead to the same gateway: NAT can come and go without new subnets.
resource "aws_route_table" "nodes" {
  for_each = local.zone_index

  vpc_id = aws_vpc.hub.id

  tags = { Name = "${var.name}-nodes-${each.key}" }
}

resource "aws_route" "nodes" {
  for_each = local.zone_index

  route_table_id         = aws_route_table.nodes[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = local.nat ? null : aws_internet_gateway.hub.id
  nat_gateway_id         = local.nat ? aws_nat_gateway.nat[var.network.nat == "single" ? local.zones[0] : each.key].id : null
}

resource "aws_route_table_association" "nodes" {
  for_each = local.zone_index

  subnet_id      = aws_subnet.nodes[each.key].id
  route_table_id = aws_route_table.nodes[each.key].id
}

resource "aws_route_table" "public" {
  count = local.nat ? 1 : 0

  vpc_id = aws_vpc.hub.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "public" {
  count = local.nat ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.hub.id
}

resource "aws_route_table_association" "public" {
  for_each = local.nat ? local.zone_index : {}

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public[0].id
}

# Free, and it keeps the data's bytes off NAT gateways, which charge for each.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.hub.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids = concat(
    [for table in values(aws_route_table.nodes) : table.id],
    [for table in aws_route_table.public : table.id],
  )

  tags = { Name = "${var.name}-s3" }
}
