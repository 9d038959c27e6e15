# A block of z2jh's hub.extraConfig: it runs in the chart's own configuration
# file, after all of the chart's values. Whatever fails here ends the hub, since
# a hub without its limits and its list of people must not start.
import sys

sys.path.insert(0, "/usr/local/etc/jupyterhub/frazil")
import kubernetes_hub  # noqa: E402

kubernetes_hub.configure(c, "/usr/local/etc/jupyterhub/frazil")  # noqa: F821
