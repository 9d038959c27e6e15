"""Service Quotas: moto knows those of VPC only. The values are those of a young account; tests set others."""

# service/code: (name, value, can be raised)
QUOTAS = {
    "ec2/L-1216C47A": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 256.0),
    "ec2/L-34B43A08": ("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 256.0),
    "ec2/L-DB2E81BA": ("Running On-Demand G and VT instances", 16.0),
    "ec2/L-3819A6DF": ("All G and VT Spot Instance Requests", 16.0),
    "ec2/L-417A185B": ("Running On-Demand P instances", 0.0),
    "ec2/L-7212CCBC": ("All P4, P3 and P2 Spot Instance Requests", 0.0),
    "ec2/L-0263D0A3": ("EC2-VPC Elastic IPs", 5.0),
    "vpc/L-F678F1CE": ("VPCs per Region", 5.0),
    "vpc/L-A4707A72": ("Internet gateways per Region", 5.0),
    "vpc/L-FE5A380F": ("NAT gateways per Availability Zone", 5.0),
    "vpc/L-DF5E4CA3": ("Network interfaces per Region", 5000.0),
    "vpc/L-0EA8095F": ("Inbound or outbound rules per security group", 60.0),
    "eks/L-1194D53C": ("Clusters", 100.0),
    "eks/L-6D54EA21": ("Managed node groups per cluster", 30.0),
    "eks/L-BD136A63": ("Nodes per managed node group", 450.0),
    "elasticloadbalancing/L-E9E9831D": ("Classic Load Balancers per Region", 20.0),
    "elasticloadbalancing/L-53DA6B97": ("Application Load Balancers per Region", 50.0),
    "elasticloadbalancing/L-69A177A2": ("Network Load Balancers per Region", 50.0),
    "elasticfilesystem/L-848C634D": ("File systems per account", 1000.0),
    "ebs/L-7A658B76": ("Storage for General Purpose SSD (gp3) volumes, in TiB", 50.0),
    "ebs/L-309BACF6": ("Snapshots per Region", 100000.0),
}
values = {}


def told():
    return {key: values.get(key, value) for key, (_, value) in QUOTAS.items()}


def put(given):
    """Sets values: {"ec2/L-1216C47A": 8}; one that is not known is added."""
    for key, value in given.items():
        service, code = key.split("/")
        if not code.startswith("L-") or not service:
            raise ValueError(f"a quota is named SERVICE/L-CODE, not {key!r}")
        QUOTAS.setdefault(key, (code, float(value)))
        values[key] = float(value)
    return told()


def answers(request):
    return request.service == "servicequotas"


def answer(request, max_page):
    body = request.json()
    default = "Default" in request.action
    match request.action:
        case "GetServiceQuota" | "GetAWSDefaultServiceQuota":
            key = f"{body.get('ServiceCode')}/{body.get('QuotaCode')}"
            if key not in QUOTAS:
                return refused(400, "NoSuchResourceException", f"The quota {key} does not exist.")
            return 200, {"Quota": shape(key, request.region, default)}, {}
        case "ListServiceQuotas" | "ListAWSDefaultServiceQuotas":
            return list_quotas(body, request.region, default, max_page)
        case "ListServices":
            services = sorted({key.split("/")[0] for key in QUOTAS})
            return 200, {"Services": [{"ServiceCode": one, "ServiceName": one} for one in services]}, {}
    return refused(400, "UnknownOperationException", f"The stand-in has no {request.action}.")


def list_quotas(body, region, default, max_page):
    keys = sorted(key for key in QUOTAS if key.split("/")[0] == body.get("ServiceCode"))
    if not keys:
        return refused(400, "NoSuchResourceException", f"There is no service {body.get('ServiceCode')}.")
    size = min(body.get("MaxResults") or max_page, max_page)
    start = int(body.get("NextToken") or 0)
    told_now = {"Quotas": [shape(key, region, default) for key in keys[start : start + size]]}
    if start + size < len(keys):
        told_now["NextToken"] = str(start + size)
    return 200, told_now, {}


def shape(key, region, default):
    service, code = key.split("/")
    name, usual = QUOTAS[key]
    return {
        "ServiceCode": service,
        "ServiceName": service,
        "QuotaCode": code,
        "QuotaName": name,
        "QuotaArn": f"arn:aws:servicequotas:{region}:123456789012:{service}/{code}",
        "Value": usual if default else values.get(key, usual),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def refused(status, code, message):
    return status, {"__type": code, "message": message}, {"x-amzn-ErrorType": code}
