"""Which sizes a person may start, on one machine and on Kubernetes alike.

A size with `groups` is for the members of any of those groups. Being an
administrator opens nothing here: an administrator who wants a size joins its
group in the hub file, so that the file alone says who may start what.
"""

from dataclasses import dataclass, field
from html import escape

GIB = 2**30


class UnknownSize(ValueError):
    """The name asked for is no size of this hub, or no text at all."""


class NotAllowed(PermissionError):
    """The size exists, and this person may not start it."""


@dataclass(frozen=True)
class Size:
    """What a server gets: `memory_bytes` in bytes, `cpu` in cores.

    `cpu` is None where the hub file says nothing: no limit. The rest matters
    on Kubernetes only: `cpu_guarantee` is what a server has for itself, in
    cores, and None is all of `cpu`; `gpu` counts whole devices; `placement`
    has KubeSpawner's traits for the machines it may run on.
    """

    name: str
    memory_bytes: int
    cpu: float | None = None
    gpu: int = 0
    display_name: str = ""
    description: str = ""
    groups: tuple[str, ...] = ()
    default: bool = False
    cpu_guarantee: float | None = None
    placement: dict = field(default_factory=dict, hash=False)

    @property
    def title(self):
        return self.display_name or self.name

    @property
    def amount(self):
        """What it holds, as people say it: "2 GiB memory, 1 CPU"."""
        parts = [f"{memory_text(self.memory_bytes)} memory"]
        if self.cpu is not None:
            parts.append(f"{self.cpu:g} CPU" + ("s" if self.cpu > 1 else ""))
        if self.gpu:
            parts.append(f"{self.gpu} GPU" + ("s" if self.gpu > 1 else ""))
        return ", ".join(parts)


def memory_text(count):
    """Bytes in the largest binary unit that keeps the number above one."""
    for unit, name in ((GIB, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} bytes"


def load(entries):
    """Sizes from the list of JSON objects in hub.json; unknown keys fail."""
    return [Size(**{k: _value(k, v) for k, v in entry.items()}) for entry in entries]


def _value(key, value):
    empty = {"groups": (), "placement": {}, "description": "", "display_name": ""}
    if value is None and key in empty:
        return empty[key]
    return tuple(value) if key == "groups" else value


def allowed(sizes, groups):
    """The sizes that a member of `groups` may start, in the file's order."""
    mine = set(groups)
    return [s for s in sizes if not s.groups or mine.intersection(s.groups)]


def default(sizes, groups):
    """The size a person gets without choosing, or None if none is allowed.

    It is the one marked `default` if they may start that, else the first.
    """
    mine = allowed(sizes, groups)
    marked = [s for s in mine if s.default]
    return (marked or mine or [None])[0]


def choose(sizes, name, groups):
    """The size `name` for a member of `groups`; None means the default.

    Raises NotAllowed or UnknownSize; either's text is fit for the person.
    """
    if name is None:
        return _default_or_refuse(sizes, groups)
    for size in sizes:
        if size.name == name:
            return _require_member(size, sizes, groups)
    raise UnknownSize(f"There is no size {name!r} here. {_offer(sizes, groups)}")


def _default_or_refuse(sizes, groups):
    size = default(sizes, groups)
    if size is None:
        raise NotAllowed(_offer(sizes, groups))
    return size


def _require_member(size, sizes, groups):
    if size in allowed([size], groups):
        return size
    whom = " or ".join(size.groups)
    raise NotAllowed(
        f"The size {size.name!r} is for members of {whom}. {_offer(sizes, groups)}"
    )


def _offer(sizes, groups):
    """What this person may start; sizes of other groups are not named."""
    names = ", ".join(s.name for s in allowed(sizes, groups))
    if names:
        return f"You may start: {names}."
    return "No size of this hub is open to you: ask its administrator for a group."


def profiles(sizes, groups):
    """KubeSpawner's `profile_list` for a member of `groups`."""
    chosen = default(sizes, groups)
    return [_profile(s, s is chosen) for s in allowed(sizes, groups)]


def _profile(size, is_default):
    override = {"mem_limit": size.memory_bytes, "mem_guarantee": size.memory_bytes}
    if size.cpu is not None:
        override["cpu_limit"] = size.cpu
    guarantee = size.cpu if size.cpu_guarantee is None else size.cpu_guarantee
    if guarantee is not None:
        override["cpu_guarantee"] = guarantee
    if size.gpu:
        override["extra_resource_limits"] = {"nvidia.com/gpu": str(size.gpu)}
    override.update(size.placement)
    if "tolerations" in override:
        override["tolerations"] = _added(override["tolerations"])
    return {
        "display_name": size.title,
        "slug": size.name,
        "description": size.description or size.amount,
        "default": is_default,
        "kubespawner_override": override,
    }


def _added(tolerations):
    """Adds to what every server tolerates; a plain list would replace that."""
    def value(spawner):
        mine = list(spawner.tolerations)
        return mine + [t for t in tolerations if t not in mine]

    return value


def form(sizes, groups, notes=(), name="size"):
    """The choice as HTML for a person in `groups`; `notes` stand above it.

    name: the field of the form that carries it.

    Empty where there is nothing to choose and nothing to say, and the hub
    then starts the server at once.
    """
    mine = allowed(sizes, groups)
    if len(mine) == 1 and not notes:
        return ""
    chosen = default(sizes, groups)
    above = "".join(f'<p class="alert alert-warning">{escape(n)}</p>' for n in notes)
    if not mine:
        return f'{above}<p class="alert alert-warning">{escape(_offer(sizes, groups))}</p>'
    rows = "".join(_row(s, s is chosen, name) for s in mine)
    return (
        f'{above}<fieldset class="sizes"><legend>How big should your server be?'
        f"</legend>{rows}</fieldset>"
    )


def _row(size, checked, field_name):
    name = escape(size.name, quote=True)
    text = f'<span class="size-text">{escape(size.description)}</span>'
    return (
        f'<label class="size" for="size-{name}">'
        f'<input type="radio" name="{field_name}" id="size-{name}" value="{name}"'
        f"{' checked' if checked else ''}>"
        f'<span class="size-body"><span class="size-name">{escape(size.title)}</span>'
        f'<span class="size-amount">{escape(size.amount)}</span>'
        f"{text if size.description else ''}</span></label>"
    )
