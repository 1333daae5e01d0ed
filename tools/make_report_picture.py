"""Make docs/images/report.png, the picture in the README: the first screen of the report that ``pellucid demo`` writes.

Needs Chromium and its driver. Run from the root of the repository: python tools/make_report_picture.py
"""

import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from pellucid.api.job import run_job
from pellucid.reports.content import build_document
from pellucid.reports.html import render_html
from pellucid.reports.source import read_source

PICTURE = Path("docs/images/report.png")
DEMO = Path("src/pellucid/demo")
WIDTH, HEIGHT = 1200, 900


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        run_job(DEMO / "analysis_config.json", output=output, data=str(DEMO / "adult.parquet"))
        page = output / "page.html"
        page.write_text(render_html(build_document(read_source(output))), encoding="utf-8")
        screenshot = output / "page.png"
        photograph(page, screenshot)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        # few colors are enough for text and lines, and a third of the size
        Image.open(screenshot).convert("RGB").quantize(128).save(PICTURE, optimize=True)


def photograph(page: Path, picture: Path) -> None:
    """What a reader sees first."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        driver.get(page.as_uri())
        time.sleep(2)  # charts are drawn
        driver.save_screenshot(str(picture))
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
