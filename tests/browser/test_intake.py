"""A file of calls is handed in, seen, mended and taken over; a large one is read in the background."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.webapp.intake.conftest import csv_of, said_at


@pytest.fixture
def calls(service, token_for, station):
    """A source in the service, and a file of three calls: two good ones, one without a place."""
    code = f"calls-{uuid4().hex[:8]}"
    headers = {"Authorization": f"Bearer {token_for('t.station_chief')}"}
    body = {"code": code, "name": f"110警情 {code}", "kind": "call"}
    answer = requests.put(
        f"{service.url}/api/v1/intake/sources/{uuid4()}", json=body, headers=headers, timeout=10
    )
    assert answer.status_code == 200, answer.text
    lon, lat = station.inside("A1")
    near = f"地址,经度,纬度\n甲社区康乐小区1号楼,{lon},{lat}\n乙社区康乐小区1号楼,{lon + 0.006},{lat}\n"
    files = {"file": ("a.csv", io.BytesIO(near.encode()))}
    requests.post(
        f"{service.url}/api/v1/addresses", files=files, headers=headers, timeout=10
    ).raise_for_status()
    common = {"报警时间": said_at(20), "报警电话": "13900000000"}
    place = {"经度": str(lon), "纬度": str(lat), "案发地址": "演示路1号"}
    rows = [
        {"接警单编号": f"{code}-1", "报警内容": "楼下飞线充电", **place, **common},
        {"接警单编号": f"{code}-2", "报警内容": "路灯不亮 <img src=x onerror=alert(1)>", **place, **common},
        {"接警单编号": f"{code}-3", "报警内容": "邻居噪音", "案发地址": "康乐小区1号楼", **common},
    ]
    return code, csv_of(rows)


@pytest.mark.parametrize(("viewport", "language"), [(DESK, "zh-CN"), (PHONE, "en-US")])
def test_a_file_is_seen_mended_and_taken_over(page_as, calls, viewport, language):
    code, data = calls
    page = page_as("station_chief", viewport=viewport, language=language)
    page.goto("/intake")
    page.select_option("#send-source", code)
    page.set_input_files("#file", {"name": "calls.csv", "mimeType": "text/csv", "buffer": data})
    page.click("#send button[type=submit]")
    page.wait_for_url("**/intake/uploads/*")
    page.wait_for_selector("#rows tbody tr:nth-child(3)")
    lines = page.locator("#rows tbody tr")
    assert "飞线" in lines.nth(0).inner_text()
    assert "T-A1 → T-A" in lines.nth(0).inner_text()
    assert "<img" in lines.nth(1).inner_text(), "text of a caller is text"
    assert "13900000000" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    lines.nth(2).locator("select").last.select_option(index=1)
    expect(page.locator(".badge[data-state=failed]")).to_have_count(0)
    expect(page.locator("#take button")).to_contain_text("3")
    page.click("#take button")
    expect(page.locator("#rows a.number")).to_have_count(3)
    page.locator("#rows a.number").first.click()
    page.wait_for_url("**/cases/*")
    page.get_by_role("link", name=f"{code}-1").click()
    page.wait_for_url("**/intake/orders/*")
    assert "13900000000" in page.content()


def test_a_file_that_can_not_be_read_is_said_at_once(page_as, calls):
    page = page_as("station_chief", tolerate=("422",))
    page.goto("/intake")
    page.set_input_files("#file", {"name": "x.xlsx", "mimeType": "", "buffer": b"PK\x03\x04x"})
    page.click("#send button[type=submit]")
    page.wait_for_selector("#send [data-form-problem]:not([hidden])")
    assert "ZIP" in page.inner_text("#send [data-form-problem]")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_large_file_is_read_in_the_background(page_as, calls, station):
    code, _data = calls
    lon, lat = station.inside("B1")
    rows = [
        {"接警单编号": f"{code}-L{n}", "报警时间": said_at(20), "经度": str(lon), "纬度": str(lat),
         "案发地址": "演示路1号" * 40, "报警内容": "路灯不亮" * 300}
        for n in range(130)
    ]  # fmt: skip
    data = csv_of(rows)
    assert len(data) > 300_000, "small enough for one request"
    page = page_as("officer", police_grid="B")
    page.set_default_timeout(100_000)
    page.goto("/intake")
    page.select_option("#send-source", code)
    page.set_input_files("#file", {"name": "large.csv", "mimeType": "text/csv", "buffer": data})
    page.click("#send button[type=submit]")
    page.wait_for_selector("#rows tbody tr:nth-child(100)")
    page.click("#more")
    page.wait_for_selector("#rows tbody tr:nth-child(130)")
