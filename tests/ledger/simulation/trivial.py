"""A second truth, without any dividing: people who are alone on nodes of which they request everything.

Such a person costs what the bill says of those nodes, to the last decimal, under every rule. It is added up
from lines of the bill, not from rows of the ledger, and knows nothing of weights.
"""

from collections import defaultdict
from collections.abc import Iterable

from aws import TAGS_FROM
from history import recorded
from rows import Line, pico
from world import World

# Kinds of lines, and of credits, that are divided.
DIVIDED = {"Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "regular"}
DISCOUNTS = {"SUSTAINED_USAGE_DISCOUNT", "COMMITTED_USAGE_DISCOUNT"}


def owners(world: World, only_recorded: bool) -> dict[str, str]:
    """Whose each of those nodes is."""
    found = {}
    for pod in world.pods:
        if (
            pod.user in world.alone
            and pod.node is not None
            and not (only_recorded and not recorded(pod.hub, pod.node.end))
        ):
            found[pod.node.resource] = pod.user
    return found


def costs(world: World, lines: Iterable[Line], only_recorded: bool) -> dict[str, int]:
    """What each of them costs, in 10⁻¹²; nodes that ended before the recorder came are nobody's."""
    owner = owners(world, only_recorded)
    found: dict[str, int] = defaultdict(int)
    for line in lines:
        user = owner.get(line.resource)
        if user is None or line.kind not in DIVIDED:
            continue
        if line.service == "AmazonEC2" and line.begin < TAGS_FROM:
            continue
        found[user] += pico(line.cost)
        found[user] += sum(pico(amount) for kind, _, amount in line.credits if kind in DISCOUNTS)
    return dict(found)
