"""The report as a reader has it, in Chromium: no word on the console, no request, nothing cut off, axe content."""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_run import write_fake_run
from playwright.sync_api import sync_playwright

from liverlab.evaluation.evaluate import evaluate
from liverlab.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if root else [])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    skill = {"classic_aug": 0.7, "acgan_aug": 0.78}
    folder = tmp_path_factory.mktemp("runs") / "fake"
    write_fake_run(folder, skill, arm="acgan_aug", baseline="classic_aug", generator="acgan")
    evaluate(folder, draws=200, flips=200)
    return write_report(folder)


@pytest.fixture(params=SCREENS, ids=lambda screen: "-".join(map(str, screen)))
def page(browser, request, report):
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)  # for axe
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.goto(report.as_uri())
    yield page
    page.close()


def test_it_keeps_quiet_and_fits(page, report):
    assert page.said == []
    assert [url for url in page.asked if not url.startswith("data:")] == [report.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    assert report.stat().st_size < MOST_BYTES


def test_axe_finds_nothing(page):
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["impact"], rule["nodes"][0]["target"]) for rule in found] == []


def test_axe_would_find_something(page):
    page.evaluate("document.querySelector('html').removeAttribute('lang')")
    page.evaluate("document.querySelector('h1').style.color = 'color-mix(in srgb, canvastext 20%, var(--paper))'")
    assert {"html-has-lang", "color-contrast"} <= {rule["id"] for rule in Axe().run(page).response["violations"]}


def test_the_keyboard_reaches_what_scrolls_and_opens(page):
    wanted = page.locator("summary:visible, .scroll:visible, a[href]:visible").count()
    focused = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        tell = "(e => [e.tagName, [...document.querySelectorAll('*')].indexOf(e), getComputedStyle(e).outlineStyle])"
        tag, position, outline = page.evaluate(tell + "(document.activeElement)")
        if tag != "BODY":
            assert outline != "none", tag
            focused.add(position)
    assert len(focused) == wanted
    first = page.locator("summary:visible").first
    first.focus()
    page.keyboard.press("Enter")
    assert first.evaluate("e => e.parentElement.open")


def test_checklists_stay_tables(page):
    page.locator("details").evaluate_all("all => all.forEach(e => e.open = true)")
    lists = page.locator(".checklist")
    for role, most in (("table", 1), ("columnheader", 4), ("rowheader", 99), ("cell", 297)):
        count = page.get_by_role(role).and_(page.locator(".checklist, .checklist *")).count()
        assert lists.count() <= count <= lists.count() * most, role
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]


def test_the_verdict_is_on_the_first_screen(page):
    bottom = page.locator("h1").evaluate("e => e.getBoundingClientRect().bottom")
    assert bottom < page.viewport_size["height"]
    if page.viewport_size["width"] > 1000:
        assert page.locator(".verdict .key").evaluate("e => e.getBoundingClientRect().bottom") < 800


def test_on_paper_everything_is_there(page):
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() > 0
    flat = "e => e.filter(e => e.getBoundingClientRect().height == 0).length"
    assert page.locator("details > :not(summary)").evaluate_all(flat) == 0
