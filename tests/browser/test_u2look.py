from tests.browser.phone_steps import *
import pytest
@pytest.mark.parametrize("lang",["zh-CN","en-GB"])
def test_look(page_as, station, lang):
    page=opened(page_as, geolocation=station.inside("A1"), language=lang, device_scale_factor=2)
    def shot(n,full=False):
        page.wait_for_timeout(400); page.screenshot(path=f"/tmp/u2-{lang[:2]}{n}.png",full_page=full)
    choose(page); page.wait_for_timeout(500); shot("2where"); page.locator(".grid-picker summary").tap(); shot("2full",True)
    go_on(page); shot("3details"); page.locator("#send").tap(); shot("3errors")
    answer(page); shot("3filled",True); page.locator("#send").tap(); page.wait_for_selector(".receipt"); shot("4receipt")
    page.goto("/phone/"); choose(page); page.goto("/phone/"); page.reload(); shot("1what")
    page.route("**/api/v1/batches", lambda r: r.abort()); page.goto("/phone/#/details"); page.reload(); answer(page); page.locator("#send").tap(); page.wait_for_timeout(800); shot("4unsent")
    page.goto("/phone/#/mine"); page.wait_for_selector(".mine-item[href*=case]"); shot("5mine"); page.locator(".mine-item[href*=case]").first.tap(); page.wait_for_selector(".timeline"); shot("6case",True)
