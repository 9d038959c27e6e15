"""Dask Gateway on one machine, from data: gateway.json beside this file.

gateway.json
  id                    text: FRAZIL_HUB_ID of schedulers and workers
  gateway_port          where clients connect on 127.0.0.1, HTTP and Dask both
  gateway_api_port      the gateway's own port on 127.0.0.1
  hub_api_url           such as http://127.0.0.1:8081/hub/api
  data_dir              absolute folder: gateway.sqlite, clusters/, logs/clusters/
  workers               {"cores": cores of a worker unless chosen,
                        "memory_bytes": bytes of one unless chosen,
                        "max": workers of one cluster | null,
                        "max_cores"?: cores, "max_memory_bytes"?: bytes: the
                        biggest worker that may be chosen}
  scheduler             {"cores", "memory_bytes"} that a scheduler counts
                        against the limit of a person; optional, default nothing
  per_user              {"cores": cores | null, "memory_bytes": bytes | null}, or
                        null: what all clusters of one person may use
  idle_timeout_seconds  a cluster without work for so long stops; 0 is never
  limits                as in hub.json
  switch_user           bool, default false: clusters run as their owners'
                        accounts (root with kind pam)

The JSON file that FRAZIL_SECRETS names
  gateway_token         text: the API token of the service dask-gateway
  gateway_db_key        32 random bytes as 44 characters of URL-safe base64
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import clusters  # noqa: E402
import limits  # noqa: E402
import machine  # noqa: E402

gateway = json.loads((HERE / "gateway.json").read_text())
secrets = json.loads(Path(os.environ["FRAZIL_SECRETS"]).read_text())
data_dir = Path(gateway["data_dir"])
per_user = gateway.get("per_user") or {}
scheduler = gateway.get("scheduler") or {}
os.environ["PATH"] = clusters.path_with_environment()
machine.bypass_proxy(os.environ)

c = get_config()  # noqa: F821

c.DaskGateway.address = f"127.0.0.1:{gateway['gateway_api_port']}"
c.Proxy.address = f"127.0.0.1:{gateway['gateway_port']}"
c.Proxy.prefix = "/services/dask-gateway"
# After a restart the old proxy may hold the port for a moment.
c.Proxy.proxy_status_period = 1

c.DaskGateway.authenticator_class = "dask_gateway_server.auth.JupyterHubAuthenticator"
c.JupyterHubAuthenticator.jupyterhub_api_url = gateway["hub_api_url"]
c.JupyterHubAuthenticator.jupyterhub_api_token = secrets["gateway_token"]
c.JupyterHubAuthenticator.jupyterhub_service_name = "dask-gateway"

c.DaskGateway.backend_class = clusters.LocalLimitedBackend
backend = c.LocalLimitedBackend
backend.cluster_config_class = clusters.LocalLimitedConfig
backend.cluster_options = limits.options_form(gateway["workers"])
backend.data_dir = str(data_dir)
backend.clusters_directory = str(data_dir / "clusters")
backend.hub_id = gateway["id"]
backend.inherited_environment.extend(machine.KEPT_VARIABLES)
backend.limits = machine.Limits(gateway["limits"])
backend.switch_user = bool(gateway.get("switch_user"))
backend.per_user_cores = per_user.get("cores")
backend.per_user_memory = per_user.get("memory_bytes")
backend.db_url = f"sqlite:///{data_dir / 'gateway.sqlite'}"
backend.db_encrypt_keys = [secrets["gateway_db_key"]]
backend.stop_clusters_on_shutdown = False
backend.worker_status_period = backend.cluster_status_period = 5

config = c.LocalLimitedConfig
# distributed 2026.6 dropped the programs that Dask Gateway starts by default.
config.scheduler_cmd = ["dask", "scheduler"]
config.worker_cmd = ["dask", "worker"]
config.scheduler_cores = scheduler.get("cores", 0)
config.scheduler_memory = scheduler.get("memory_bytes", 0)
config.idle_timeout = gateway["idle_timeout_seconds"]

(data_dir / "clusters").mkdir(mode=0o711, parents=True, exist_ok=True)
# Made by SQLite itself it would be readable for everyone on the machine.
(data_dir / "gateway.sqlite").touch(mode=0o600)
