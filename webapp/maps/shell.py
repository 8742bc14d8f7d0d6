"""The only module that touches Folium: builds a page's shell, offline, escaped, with a strict policy."""

from __future__ import annotations

import html
import re
from typing import Any

import folium
import orjson
from branca.element import MacroElement
from jinja2 import Template

# Folium keeps these lists on its classes and shares them; set once, here, to our own pinned copies.
_VENDOR = "/static/vendor/leaflet-1.9.4"
folium.Map.default_js = [("leaflet", f"{_VENDOR}/leaflet.js")]
folium.Map.default_css = [("leaflet_css", f"{_VENDOR}/leaflet.css")]

Box = tuple[float, float, float, float]

_RISKY = str.maketrans(
    {c: f"&#{ord(c)};" for c in "`${}\\"} | {"\n": " ", "\r": " ", "\u2028": " ", "\u2029": " "}
)


def safe_text(text: object) -> str:
    """Return a text that may be given to Folium: HTML escaped, and harmless in a JavaScript template literal.

    Folium puts popups and tooltips between backticks, so escaping HTML alone lets `${...}` run.
    """
    return html.escape(str(text), quote=True).translate(_RISKY)


def safe_json(value: Any) -> str:
    """Return JSON that may stand inside a script element: no `<`, `>`, `&` and no line separators."""
    text = orjson.dumps(value, default=str).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


# Where our markup wants the map; Folium would put it at the top of the body.
MAP_PLACE = '<div id="map-place"></div>'
_FOLIUM_MAP = re.compile(r'<div class="folium-map" id="\w+"\s*></div>')
_FOLIUM_VIEWPORT = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)
# Folium forbids zooming with two fingers; people who see badly need it.
_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>'


class Window(MacroElement):
    """Our own controls and layers: a JSON configuration and one ES module that reads it."""

    _template = Template("""
        {% macro header(this, kwargs) %}
            {% for sheet in this.sheets %}<link rel="stylesheet" href="{{ sheet }}"/>
            {% endfor %}
            <title>{{ this.title }}</title>
            <link rel="icon" href="/static/icons/app.svg"/>
            <script type="application/json" id="window-config">{{ this.config }}</script>
        {% endmacro %}
        {% macro html(this, kwargs) %}{{ this.body }}{% endmacro %}
        {% macro script(this, kwargs) %}
            window.shuanggeMap = {{ this._parent.get_name() }};
            window.shuanggeMap.fitBounds({{ this.bounds }}, {animate: false});
        {% endmacro %}""")

    def __init__(self, title: str, config: dict[str, Any], box: Box, sheets: list[str], body: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        west, south, east, north = box
        # Folium's own fit_bounds moves with an animation, which swallows what our module does meanwhile.
        self.bounds = safe_json([[south, west], [north, east]])
        self.title = safe_text(title)
        self.config = safe_json(config)
        self.sheets = sheets
        self.body = body


def page(
    *,
    title: str,
    language: str,
    box: Box,
    config: dict[str, Any],
    sheets: list[str],
    scripts: list[str],
    modules: list[str],
    body: str,
    nonce: str,
) -> str:
    """Return a whole Folium page that fits the box (west, south, east, north).

    `body` is markup of our own templates (escaped there) and holds MAP_PLACE; layers are loaded by
    `modules` from our endpoints, never written into the page.
    """
    west, south, east, north = box
    shell = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=14,
        tiles=None,
        control_scale=False,
        zoom_control=False,
        prefer_canvas=True,
        maxZoom=20,
        minZoom=4,
        zoomSnap=0.5,
        attributionControl=True,
    )
    # The list belongs to the class, and every later map of the process would get these links too.
    shell.default_js = list(folium.Map.default_js)
    for name in scripts:
        shell.add_js_link(name.rsplit("/", 1)[-1], name)
    shell.add_child(Window(title, config, box, sheets, body))
    text = str(shell.get_root().render())
    return _finished(text, language, modules, nonce)


def _finished(text: str, language: str, modules: list[str], nonce: str) -> str:
    """Return Folium's page in our frame: language, viewport, place of the map, modules, nonces."""
    drawn = _FOLIUM_MAP.search(text)
    if drawn is None or MAP_PLACE not in text:
        raise ValueError("the page has no map, or no place for it")
    text = text.replace(drawn.group(), "", 1).replace(MAP_PLACE, drawn.group(), 1)
    text = _FOLIUM_VIEWPORT.sub(_VIEWPORT, text, count=1)
    for module in modules:
        text = text.replace("</html>", f'<script type="module" src="{module}"></script>\n</html>')
    text = text.replace("<html>", f'<html lang="{"zh-CN" if language == "zh" else "en"}">', 1)
    text = text.replace("<body>", '<body class="office map-page">', 1)
    # Every text above is escaped, so each tag that is found here is ours and may carry the nonce.
    return re.sub(r"<(script|style)(?=[ >])", rf'<\1 nonce="{nonce}"', text)
