# The hub's name, where the hub file says in which zone. A balancer's own name is known only when it is there, which
# is after Terraform; so its address is taken first, and given to it by an annotation of its Service.
data "aws_route53_zone" "hub" {
  count = local.named

  name         = var.dns.zone
  private_zone = false

  lifecycle {
    postcondition {
      condition     = var.domain == trimsuffix(self.name, ".") || endswith(coalesce(var.domain, "-"), ".${trimsuffix(self.name, ".")}")
      error_message = "The zone ${var.dns.zone} cannot hold a record of ${coalesce(var.domain, "no domain")}. Name the zone that ends the domain in `dns.zone`."
    }
  }
}

locals {
  named = var.dns == null ? 0 : 1

  # A balancer takes one address for each of its subnets. The proxy is on the core nodes, so one subnet beside
  # them does: others would cost an address each, and send bytes between zones.
  balancer_subnet = local.nat ? try(aws_subnet.public[local.disk_zone].id, null) : try(aws_subnet.nodes[local.disk_zone].id, null)
}

resource "aws_eip" "balancer" {
  count = local.named

  domain = "vpc"

  tags = { Name = "${var.name}-balancer" }

  depends_on = [aws_internet_gateway.hub]
}

resource "aws_route53_record" "hub" {
  count = local.named

  zone_id = data.aws_route53_zone.hub[0].zone_id
  name    = var.domain
  type    = "A"
  ttl     = 300
  records = [aws_eip.balancer[0].public_ip]
}
