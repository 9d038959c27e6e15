"""Who is in which group: what the hub file says, and what a login brings.

The file's groups have exactly the people that the file lists. A login (the
teams of GitHub, a claim of another provider) brings groups of other names
only: whoever makes a team or a group there cannot take the file's name for it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class People:
    """file_groups: group -> user names as JupyterHub has them, in small letters."""

    file_groups: dict = field(default_factory=dict)
    keeps_login_groups: bool = True

    @classmethod
    def load(cls, groups, keeps_login_groups):
        """From `groups` of hub.json, which may be null."""
        names = {g: frozenset(n.lower() for n in people) for g, people in (groups or {}).items()}
        return cls(names, keeps_login_groups)

    def groups_of(self, name, brought=()):
        """All groups of a person; `brought` are those of the login."""
        mine = {group for group, people in self.file_groups.items() if name in people}
        return mine | self.from_login(brought)

    def from_login(self, brought):
        """What counts of the groups that a login brings."""
        if not self.keeps_login_groups:
            return set()
        return {g for g in brought if isinstance(g, str) and g and g not in self.file_groups}


def teams_of(orgs):
    """OAuthenticator's `auth_state_groups_key` for GitHub.

    A team is the group ORG:team-slug, and team-slug alone where the
    organization is one of `orgs`: anyone may found another, with any teams.
    """
    spelling = {org.lower(): org for org in orgs}

    def groups(auth_state):
        found = set()
        for team in auth_state.get("teams") or ():
            org, slug = team["organization"]["login"], team["slug"]
            found.add(f"{spelling.get(org.lower(), org)}:{slug}")
            if org.lower() in spelling:
                found.add(slug)
        return found

    return groups


def no_groups(auth_state):
    """For a login whose groups nobody asked for."""
    return set()
