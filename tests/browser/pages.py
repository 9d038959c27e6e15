"""What a person does on the hub's pages and in JupyterLab."""

import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import expect


class Screenshots:
    """Saves pictures below FRAZIL_SCREENSHOTS or a temporary folder."""

    folder = None

    def save(self, page, name):
        if self.folder is None:
            asked = os.environ.get("FRAZIL_SCREENSHOTS")
            self.folder = Path(asked or tempfile.mkdtemp(prefix="frazil-screenshots-"))
            self.folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self.folder / f"{name}.png")


screenshots = Screenshots()


def sign_in(page, name, password):
    """Fills in the form as a person does, terms and all."""
    page.goto("/hub/login?next=/hub/spawn")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/hub/spawn"))


def sizes(page):
    """Names of the sizes that the page offers."""
    page.goto("/hub/spawn")
    return [box.get_attribute("value") for box in page.locator("input[name=size]").all()]


def start_server(page, name, size):
    """Chooses a size and waits for JupyterLab."""
    page.goto("/hub/spawn")
    page.locator(f"input[name=size][value={size}]").check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(f"/user/{name}/lab"), timeout=60_000)
    expect(page.locator("#jp-top-panel")).to_be_visible(timeout=60_000)


def stop_server(page, name):
    """Stops a person's server by the hub's API, as the control page does."""
    page.goto("/hub/home")
    status = page.evaluate(
        """async name => {
            const xsrf = document.cookie.match(/_xsrf=([^;]+)/);
            const token = window.jhdata.xsrf_token || (xsrf && xsrf[1]);
            const answer = await fetch(`/hub/api/users/${name}/server`,
                {method: "DELETE", headers: {"X-XSRFToken": token}});
            return answer.status;
        }""",
        name,
    )
    assert status in (202, 204, 400), f"the server of {name} did not stop: {status}"


def run_notebook(page, name, notebook):
    """Opens a notebook of the person's home and runs all its cells by the menu."""
    page.goto(f"/user/{name}/lab/tree/{notebook}")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=60_000)
    idle = page.locator(".jp-NotebookPanel-toolbar .jp-Notebook-ExecutionIndicator[data-status=idle]")
    expect(idle).to_be_visible(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def outputs(page):
    """All that the open notebook has printed."""
    return page.locator(".jp-Notebook .jp-OutputArea-output")


def api_token(page):
    """A token that the person asks for on the hub's token page."""
    page.goto("/hub/token")
    page.get_by_role("button", name=re.compile("Request new API token")).click()
    result = page.locator("#token-result")
    expect(result).not_to_be_empty()
    return result.inner_text().strip()
