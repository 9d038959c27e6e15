"""JupyterHub on one machine, from data: hub.json beside this file.

hub.json
  id              text: FRAZIL_HUB_ID of every process that the hub starts
  name, title     text: the hub's short name and the heading of its pages
  region          text, default "local": FRAZIL_REGION of every server
  ip, port        where people reach the hub (the proxy), such as 127.0.0.1, 8000
  hub_port        the hub's own port on 127.0.0.1
  proxy_api_port  the proxy's control port on 127.0.0.1
  gateway_port    Dask Gateway's port on 127.0.0.1, or null for no gateway
  report_port     the port of the page of costs on 127.0.0.1, or null for none
  data_dir        absolute folder: hub.sqlite, homes/, logs/
  tokens_dir      absolute folder of one-time sign-in tokens, files named by
                  SHA-256 holding {"user": text, "expires": seconds since 1970}
  welcome, terms  text or null, shown on the sign-in page; terms must be accepted
  auth            {"kind": "password" | "pam", "allow": [user names] | null};
                  null allows everyone who can give the password
  admins          [user names]; allowed without being in `allow`
  groups          {group name: [user names]}
  sizes           [{name, memory_bytes (bytes), display_name?, description?,
                  cpu? (cores), gpu?, groups? [names], default? (bool)}], one or more
  limits          {"kind": "v1" | "v2" | "none", "reason": text (for none),
                  "memory": folder, "cpu": folder}: control groups made for us,
                  in v2 the same folder twice
  named_servers   bool, default false

The JSON file that FRAZIL_SECRETS names
  proxy_token     text: CONFIGPROXY_AUTH_TOKEN of the proxy
  cookie_secret   64 hexadecimal digits
  gateway_token   text: API token of the service dask-gateway
  frazil_token    text: API token of the service frazil
  report_token    text: API token of the service report
  admin_password  32 characters or more (JupyterHub refuses less); kind password
  user_password   8 characters or more and another one, or null: then only
                  administrators can sign in; kind password
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import machine  # noqa: E402
import plain_text  # noqa: E402
import server  # noqa: E402
import signin  # noqa: E402
import sizes  # noqa: E402

hub = json.loads((HERE / "hub.json").read_text())
secrets = json.loads(Path(os.environ["FRAZIL_SECRETS"]).read_text())
data_dir = Path(hub["data_dir"])
bin_dir = Path(sys.executable).parent
pam = hub["auth"]["kind"] == "pam"
file_groups = hub.get("groups") or {}
machine.bypass_proxy(os.environ)

PREFIX = "/services/dask-gateway"


def groups_of(name):
    return [group for group, people in file_groups.items() if name in people]


def server_env():
    """Variables of every server: where it is, and its way to Dask Gateway."""
    env = {
        "PATH": f"{bin_dir}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "FRAZIL_HUB_ID": hub["id"],
        "FRAZIL_REGION": hub.get("region") or "local",
    }
    if hub.get("gateway_port"):
        address = f"127.0.0.1:{hub['gateway_port']}"
        env["DASK_GATEWAY__ADDRESS"] = f"http://{address}{PREFIX}"
        env["DASK_GATEWAY__PROXY_ADDRESS"] = f"gateway://{address}"
        env["DASK_GATEWAY__PUBLIC_ADDRESS"] = PREFIX
        env["DASK_GATEWAY__AUTH__TYPE"] = "jupyterhub"
        # The client takes a proxy from the environment without a look at NO_PROXY.
        env["DASK_GATEWAY__HTTP_CLIENT__PROXY"] = "False"
    return env


# Made by SQLite itself it would be readable for everyone on the machine.
(data_dir / "hub.sqlite").touch(mode=0o600)

c = get_config()  # noqa: F821

# The hub, and a proxy that lives longer than it.
c.JupyterHub.bind_url = f"http://{hub['ip']}:{hub['port']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{hub['hub_port']}"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{hub['proxy_api_port']}"
c.ConfigurableHTTPProxy.auth_token = secrets["proxy_token"]
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.cookie_secret = bytes.fromhex(secrets["cookie_secret"])
c.JupyterHub.db_url = f"sqlite:///{data_dir / 'hub.sqlite'}"
c.JupyterHub.upgrade_db = True
c.JupyterHub.allow_named_servers = bool(hub.get("named_servers"))
c.JupyterHub.data_files_path = str(Path(sys.prefix, "share", "jupyterhub"))

# Pages.
c.JupyterHub.template_paths = [str(HERE)]
c.JupyterHub.template_vars = {
    "hub_title": hub["title"],
    "hub_welcome": plain_text.linked(hub.get("welcome")),
    "hub_terms": plain_text.linked(hub.get("terms")),
}

# People.
c.JupyterHub.authenticator_class = signin.AccountSignIn if pam else signin.PasswordSignIn
c.Authenticator.admin_users = set(hub["admins"])
c.Authenticator.allowed_users = set(hub["auth"].get("allow") or ())
c.Authenticator.allow_all = hub["auth"].get("allow") is None
c.Authenticator.allow_existing_users = False
c.Authenticator.auth_refresh_age = 60
c.FileManaged.tokens_dir = hub["tokens_dir"]
c.FileManaged.file_groups = file_groups
c.FileManaged.terms = bool(hub.get("terms"))
if not pam:
    c.PasswordSignIn.admin_password = secrets["admin_password"]
    c.PasswordSignIn.user_password = secrets.get("user_password")
c.JupyterHub.load_groups = {name: {"users": people} for name, people in file_groups.items()}

# Servers.
c.JupyterHub.spawner_class = server.LocalServer
c.LocalServer.data_dir = str(data_dir)
c.LocalServer.hub_id = hub["id"]
c.LocalServer.sizes = sizes.load(hub["sizes"])
c.LocalServer.groups_of = groups_of
c.LocalServer.limits = machine.Limits(hub["limits"])
c.LocalServer.switch_user = pam and os.geteuid() == 0
c.LocalServer.env_keep.extend(machine.KEPT_VARIABLES)
c.LocalServer.own_env = server_env()
c.Spawner.default_url = "/lab"
c.Spawner.poll_interval = 10
c.Spawner.http_timeout = 60
c.Spawner.start_timeout = 60
# Neither a check for a newer JupyterLab nor its news: no call leaves the machine.
c.Spawner.args = [
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
]

# Services, and what each may do.
c.JupyterHub.services = [{"name": "frazil", "api_token": secrets["frazil_token"]}]
c.JupyterHub.load_roles = [
    # Given here, the list is exact: a person no longer in `admins` loses the role.
    {"name": "admin", "users": list(hub["admins"])},
    {
        "name": "frazil",
        "services": ["frazil"],
        "scopes": ["list:users", "read:servers", "delete:servers", "admin:server_state",
                   "proxy", "read:hub", "shutdown"],
    },
]
scopes = {
    "user": ["self"],
    "server": ["users:activity!user", "access:servers!server", "read:users:groups!user"],
}
if hub.get("gateway_port"):
    c.JupyterHub.services.append(
        {
            "name": "dask-gateway",
            "url": f"http://127.0.0.1:{hub['gateway_port']}",
            "api_token": secrets["gateway_token"],
            "display": False,
        }
    )
    for allowed in scopes.values():
        allowed.append("access:services!service=dask-gateway")
if hub.get("report_port"):
    everything = "custom:report:read-all"
    c.JupyterHub.custom_scopes = {everything: {"description": "See what everybody cost"}}
    c.JupyterHub.services.append(
        {
            "name": "report",
            "url": f"http://127.0.0.1:{hub['report_port']}",
            "api_token": secrets["report_token"],
            "oauth_no_confirm": True,
            "oauth_client_allowed_scopes": [everything],
        }
    )
    scopes["user"].append("access:services!service=report")
c.JupyterHub.load_roles += [{"name": name, "scopes": own} for name, own in scopes.items()]
