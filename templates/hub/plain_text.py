"""Text that a person wrote, as HTML for the hub's pages."""

import re

from markupsafe import Markup, escape


def linked(text):
    """Plain text as safe HTML, with its web addresses as links."""
    parts = re.split(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])", text or "")
    link = Markup('<a href="{0}" rel="noopener">{0}</a>')
    return Markup("").join(link.format(p) if i % 2 else escape(p) for i, p in enumerate(parts))
