"""What a person does on the hub's pages and in JupyterLab."""

import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import expect


class Screenshots:
    """Saves pictures below FRAZIL_SCREENSHOTS or a temporary folder."""

    folder = None

    def path(self, name):
        if self.folder is None:
            asked = os.environ.get("FRAZIL_SCREENSHOTS")
            self.folder = Path(asked or tempfile.mkdtemp(prefix="frazil-screenshots-"))
            self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / name

    def save(self, page, name):
        page.screenshot(path=self.path(f"{name}.png"))

    def save_whole(self, page, name):
        page.screenshot(path=self.path(f"{name}.png"), full_page=True)


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


STOP = """async name => {
    const ask = method => fetch(`/hub/api/users/${name}` + (method == "DELETE" ? "/server" : ""),
        {method, headers: {"X-XSRFToken": window.jhdata.xsrf_token}});
    const stopped = await ask("DELETE");
    for (let tries = 0; tries < 100; tries++) {
        const user = await (await ask("GET")).json();
        if (!user.server && !user.pending) return "stopped";
        await new Promise(done => setTimeout(done, 200));
    }
    return `still there; the answer was ${stopped.status}`;
}"""


def stop_server(page, name):
    """Stops a person's server by the hub's API, as the page Home does, and waits."""
    page.goto("/hub/home")
    outcome = page.evaluate(STOP, name)
    assert outcome == "stopped", f"the server of {name}: {outcome}"


def run_notebook(page, name, notebook):
    """Opens a notebook of the person's home and runs all its cells by the menu."""
    run_cells(page, f"/user/{name}/lab/tree/{notebook}?reset")


def run_cells(page, address):
    """Opens a notebook in JupyterLab and runs all its cells by the menu."""
    page.goto(address)
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=60_000)
    # The circle in the toolbar is idle before there is a kernel; this line is not.
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def outputs(page):
    """All that the open notebook has printed."""
    return page.locator(".jp-Notebook .jp-OutputArea-output")


TOKEN = """async name => {
    const answer = await fetch(`/hub/api/users/${name}/tokens`,
        {method: "POST", headers: {"X-XSRFToken": window.jhdata.xsrf_token}});
    return (await answer.json()).token;
}"""


def api_token(page, name):
    """A token that the person makes with their own session, as the page Token does."""
    page.goto("/hub/token")
    token = page.evaluate(TOKEN, name)
    assert token
    return token



CONTRAST = """element => {
    const parse = text => text.match(/[0-9.]+/g).map(Number);
    const light = color => color.slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    let below = element;
    while (below.parentElement && parse(getComputedStyle(below).backgroundColor)[3] === 0)
        below = below.parentElement;
    const pair = [light(parse(getComputedStyle(element).color)),
                  light(parse(getComputedStyle(below).backgroundColor))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


def contrast(element):
    """How far an element's text stands out from what is behind it; 4.5 is readable."""
    return element.evaluate(CONTRAST)
