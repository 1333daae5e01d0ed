"""A real browser, headless, that records every request and every complaint."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from waiting import SECONDS_OF_A_HANG, wait_until

from pellucid.models.serving.ports import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
REQUESTED = "Network.requestWillBeSent"


class Browser:
    """Chromium, with what the tests ask of it."""

    def __init__(self, folder):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER, port=free_port()))
        self.driver.set_script_timeout(SECONDS_OF_A_HANG)
        self.folder = folder
        self._events = []
        self.run = self.driver.execute_script
        self.devtools = self.driver.execute_cdp_cmd

    def open(self, html, *, width=1280, dark=False, javascript=True):
        """Show a page from a file, as from a mail or a folder."""
        self.devtools("Emulation.setScriptExecutionDisabled", {"value": not javascript})
        self.resize(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", {"features": [scheme]})
        file = self.folder / "page.html"
        file.write_text(html, encoding="utf-8")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self._events = []
        self.driver.get(file.as_uri())
        # A busy machine may still be reading the page when the driver says that it is open.
        wait_until(lambda: any(event["method"] == "Page.loadEventFired" for event in self.events))
        if javascript:
            self.wait("document.readyState === 'complete'")

    def resize(self, width):
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", screen)

    def wait(self, condition):
        """Until a JavaScript expression is true."""
        wait_until(lambda: self.run(f"return Boolean({condition})"))

    def draw_all(self):
        """Scroll through the page, as a reader does, until every chart has been drawn."""
        count = self.run("return document.querySelectorAll('figure.chart').length")
        for i in range(count):
            self.run(f"document.querySelectorAll('figure.chart')[{i}].scrollIntoView()")
            self.wait(f"document.querySelectorAll('figure.chart')[{i}].dataset.state === 'settled'")

    @property
    def complaints(self):
        """What the console says."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def events(self):
        """What happened since the page was opened, as DevTools tell it."""
        self._events += [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return self._events

    @property
    def requests(self):
        """Addresses asked for since the page was opened."""
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == REQUESTED]

    def paint(self):
        """Have the whole page painted, pictures far below too; the picture of it."""

        def painted():
            try:
                return self.devtools("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
            except WebDriverException as error:
                # A busy browser may still be putting the page into the place of the one before.
                if "Not attached to an active page" not in str(error):
                    raise
                return None

        return wait_until(painted)

    def audit(self):
        """What axe finds serious or critical, as rule and place."""
        found = self.driver.execute_async_script(
            AXE.read_text(encoding="utf-8") + ";axe.run(document, {resultTypes: ['violations']}).then(arguments[0])"
        )
        assert found["passes"]
        return [
            (violation["id"], node["html"][:200])
            for violation in found["violations"]
            for node in violation["nodes"]
            if violation["impact"] in {"serious", "critical"}
        ]


AXE = Path(find_spec("axe_playwright_python").submodule_search_locations[0]) / "axe.min.js"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One browser for all tests of a module."""
    if not CHROMIUM or not DRIVER:
        pytest.skip("Chromium and its driver are not installed (apt-get install chromium chromium-driver)")
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.driver.quit()
