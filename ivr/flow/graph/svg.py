"""The picture: a graph and its layout as SVG. Text stays text, and what is drawn is also said in titles.

Nothing depends on colour alone: families of verbs differ in shape, arrows bear their exits, and what is wrong says so.
The colours are from the palette of Okabe and Ito, which colour-blind people can tell apart, as tints that print light.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

from ivr.flow.graph import Graph, Node
from ivr.flow.graph.cards import ENTRY, FAILURE, FAMILIES, SIZES, Card, Tab, cards
from ivr.flow.graph.letters import width

Point = tuple[float, float]
EDGE = 24.0  # around the picture
HEAD = 64.0
LEGEND = (92.0, 26.0)
RED = "#b3001b"
# Family → fill, line.
COLOURS = {
    "mark": ("#333333", "#333333"),
    "speak": ("#e3f1fb", "#0072b2"),
    "ask": ("#fdf0d5", "#b07700"),
    "decide": ("#f9e6f1", "#a8487c"),
    "action": ("#f4f4f4", "#666666"),
    "system": ("#fbfbdc", "#857b00"),
    "people": ("#dcf3ec", "#007a5a"),
    "subflow": ("#ffffff", "#333333"),
    "end": ("#e0e0e0", "#333333"),
    "missing": ("#ffffff", RED),
}
STYLE = f"""
text {{ font-family: Arial, Helvetica, "Liberation Sans", "DejaVu Sans", sans-serif; fill: #1a1a1a; }}
.title {{ font-size: 20px; font-weight: bold; }}
.sub {{ font-size: 11px; fill: #444; }}
.verb {{ font-size: {SIZES["verb"]}px; font-weight: bold; text-transform: uppercase; fill: #444; }}
.name {{ font-size: {SIZES["name"]}px; font-weight: bold; }}
.detail, .faint {{ font-size: {SIZES["detail"]}px; }}
.faint {{ fill: #555; }}
.says {{ font-size: {SIZES["says"]}px; font-style: italic; fill: #333; }}
.alarm {{ font-size: {SIZES["alarm"]}px; font-weight: bold; fill: {RED}; }}
.tab text {{ font-size: {SIZES["tab"]}px; font-weight: bold; text-anchor: middle; }}
.mark text {{ fill: #fff; }}
.mark .tab text {{ fill: #1a1a1a; }}
.halo {{ fill: none; stroke: #fff; }}
.arrow {{ fill: none; stroke: #3d3d3d; stroke-linecap: round; }}
.head {{ fill: #3d3d3d; }}
.error .arrow, .error .head {{ stroke: {RED}; }}
.error .arrow {{ stroke-dasharray: 6 4; }}
.error .head, .lost .head {{ fill: {RED}; }}
.lost .arrow {{ stroke: {RED}; stroke-dasharray: 2 4; }}
"""


def svg(graph: Graph, layout: Mapping[str, Any], link: Callable[[str], str] = "{}.svg".format, period: str = "") -> str:
    """`layout`: Graphviz's JSON for `dot(graph)`. `link`: the address of a subflow's own picture."""
    _, _, right, top = (float(part) for part in layout["bb"].split(","))
    legend_rows = _legend_rows(graph, right)
    whole = (max(right, 420) + 2 * EDGE, top + HEAD + 2 * EDGE + 34 * len(legend_rows))
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="graphics-document document")
    root.attrib |= {"viewBox": f"0 0 {_n(whole[0])} {_n(whole[1])}", "width": _n(whole[0]), "height": _n(whole[1])}
    root.attrib |= {"aria-labelledby": "title", "aria-describedby": "description", "lang": "en"}
    ET.SubElement(root, "title", id="title").text = f"Flow {graph.flow}"
    ET.SubElement(root, "desc", id="description").text = _told(graph)
    ET.SubElement(root, "style").text = STYLE
    ET.SubElement(root, "rect", width="100%", height="100%", fill="#fff")
    _heading(root, graph, period)
    made = cards(graph)
    objects = {one["name"]: one for one in layout["objects"] if "pos" in one}
    places: dict[str, Point] = {}
    for position, card in enumerate(made):
        x, y = (float(part) for part in objects[f"n{position}"]["pos"].split(","))
        places[card.name] = (EDGE + x - card.width / 2, HEAD + EDGE + top - y - card.height / 2)
    most = max([1, *(tab.calls or 0 for card in made for tab in card.tabs)])
    splines = {one["id"]: one["pos"] for one in layout.get("edges", [])}
    arrows = ET.SubElement(root, "g", id="arrows")
    for card in made:
        for position, tab in enumerate(card.tabs):
            points = [
                (EDGE + float(x), HEAD + EDGE + top - float(y))
                for x, y in (pair.split(",") for pair in splines[f"{card.name}/{position}"].split() if pair[0] != "e")
            ]
            _arrow(arrows, card, tab, points, most)
    for card in made:
        _card(root, card, places[card.name], graph, link)
    _legend(root, legend_rows, HEAD + top + 1.5 * EDGE)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _told(graph: Graph) -> str:
    """The picture in one paragraph, for who cannot see it."""
    verbs = len([node for node in graph.nodes if node.verb])
    parts = [f"{graph.description or graph.flow}: {verbs} nodes; it begins at {graph.start}."]
    if lost := [node.name for node in graph.nodes if node.verb and not node.reachable]:
        parts.append(f"No path leads to {', '.join(lost)}.")
    if graph.on_error:
        parts.append(f"When a node fails the call goes to {graph.on_error}.")
    if graph.entered is not None:
        parts.append(f"{graph.entered} calls came in, {graph.failed} failed.")
    return " ".join(parts)


def _heading(root: ET.Element, graph: Graph, period: str) -> None:
    _text(root, EDGE, 36, graph.description or graph.flow, "title")
    counted = "" if graph.entered is None else f"{graph.entered:,} calls {period}".strip()
    spoken = f"what is said: {graph.language}"
    _text(root, EDGE, 56, "  ·  ".join(filter(None, (f"flow {graph.flow}", spoken, counted))), "sub")


def _arrow(parent: ET.Element, card: Card, tab: Tab, points: list[Point], most: int) -> None:
    lost = card.node is not None and not card.node.reachable
    kind = "error" if card.name == FAILURE else "lost" if lost else "exit"
    group = ET.SubElement(parent, "g", {"class": f"edge {kind}", "data-from": card.name, "data-to": tab.target})
    group.attrib["data-exits"] = " ".join(exit.name for exit in tab.exits)
    if tab.calls is not None:
        group.attrib["data-calls"] = str(tab.calls)
    ET.SubElement(group, "title").text = _arrow_told(card, tab)
    thick = 1.3 if tab.calls is None else 0.8 + 7 * sqrt(tab.calls / most)
    size = 5 + thick
    end = points[-1]
    shaft = [*points[:-1], (end[0], end[1] - size * 0.9)]
    path = f"M{_p(shaft[0])} C{' '.join(map(_p, shaft[1:]))}"
    ET.SubElement(group, "path", {"class": "halo", "d": path, "stroke-width": _n(thick + 3.5)})
    ET.SubElement(group, "path", {"class": "arrow", "d": path, "stroke-width": _n(thick)})
    corners = [end, (end[0] - size * 0.55, end[1] - size * 1.2), (end[0] + size * 0.55, end[1] - size * 1.2)]
    ET.SubElement(group, "polygon", {"class": "head", "points": " ".join(map(_p, corners))})


def _arrow_told(card: Card, tab: Tab) -> str:
    start = {ENTRY: "A call", FAILURE: "A node fails"}.get(card.name, card.name)
    exits = ", ".join(
        f"{exit.label or exit.name}{'' if exit.calls is None else f' ({exit.calls})'}" for exit in tab.exits
    )
    calls = "" if tab.calls is None else f", {tab.calls} calls"
    return f"{start} → {tab.target}: {exits}{calls}"


def _card(root: ET.Element, card: Card, at: Point, graph: Graph, link: Callable[[str], str]) -> None:
    node, family = card.node, card.family
    parent = root
    if node and node.verb == "subflow":
        parent = ET.SubElement(root, "a", href=link(node.detail))
    lost = node is not None and not node.reachable
    group = ET.SubElement(parent, "g", {"class": f"node {family}", "transform": f"translate({_p(at)})"})
    group.attrib |= {"role": "graphics-symbol", "data-node": card.name}
    ET.SubElement(group, "title").text = _card_told(card)
    fill, line = COLOURS[family]
    _shape(group, family, card.width, card.body, fill, RED if lost else line, "3" if lost else "1.5")
    for one in card.lines:
        written = _text(group, card.width / 2, one.base, one.text, one.style)
        written.attrib["text-anchor"] = "middle"
        if one.style == "says":
            written.attrib["lang"] = graph.language
    for tab in card.tabs:
        if tab.lines:
            _tab(group, card, tab, RED if lost else line)


def _card_told(card: Card) -> str:
    if card.node is None:
        return " ".join(line.text for line in card.lines)
    node: Node = card.node
    told = [f"{node.name}: {node.verb or 'missing'} {node.detail}".strip(), *node.says]
    told += [line.text for line in card.lines if line.style == "alarm"]
    return "\n".join(told + [f"{exit.label or exit.name} → {exit.target}" for exit in node.exits])


def _tab(group: ET.Element, card: Card, tab: Tab, line: str) -> None:
    inner = ET.SubElement(group, "g", {"class": "tab"})
    height = card.tab_height
    ET.SubElement(
        inner, "rect", x=_n(tab.x), y=_n(card.body), width=_n(tab.width), height=_n(height), rx="3", fill="#fff",
        stroke=line,
    )  # fmt: skip
    leading = SIZES["tab"] * 1.3
    base = card.body + (height - leading * len(tab.lines)) / 2 + leading * 0.78
    for text in tab.lines:
        _text(inner, tab.x + tab.width / 2, base, text, "")
        base += leading


def _shape(group: ET.Element, family: str, w: float, h: float, fill: str, line: str, thick: str) -> None:
    """Sharp boxes act, round ones speak, slanted ones ask, pointed ones decide, capsules begin and end."""
    look = {"fill": fill, "stroke": line, "stroke-width": thick}
    if family in ("ask", "system"):
        lean = 9 if family == "ask" else -9
        left, right = max(0, lean), max(0, -lean)
        corners = [(left, 0), (w - right, 0), (w - left, h), (right, h)]
    elif family == "decide":
        corners = [(11, 0), (w - 11, 0), (w, h / 2), (w - 11, h), (11, h), (0, h / 2)]
    else:
        radius = {"speak": 11.0, "mark": h / 2, "end": h / 2}.get(family, 0.0)
        box = {"width": _n(w), "height": _n(h), "rx": _n(min(radius, 24))}
        ET.SubElement(group, "rect", box | look | ({"stroke-dasharray": "5 4"} if family == "missing" else {}))
        if family == "subflow":
            inner = {"x": "4", "y": "4", "width": _n(w - 8), "height": _n(h - 8)}
            ET.SubElement(group, "rect", inner | look | {"stroke-width": "1"})
        if family == "people":
            ET.SubElement(group, "rect", width="6", height=_n(h), fill=line)
        return
    ET.SubElement(group, "polygon", {"points": " ".join(map(_p, corners))} | look)


def _legend_rows(graph: Graph, room: float) -> list[list[tuple[str, str]]]:
    """Only the families that the flow has, in as many rows as they need."""
    used = {node.verb for node in graph.nodes}
    rows: list[list[tuple[str, str]]] = [[]]
    x = 0.0
    for name, (does, members) in FAMILIES.items():
        here = [verb for verb in members if verb in used]
        if here:
            text = f"{does} ({', '.join(here)})"
            step = 46 + width(text, 10) + 18
            if rows[-1] and x + step > max(room, 420):
                rows.append([])
                x = 0.0
            rows[-1].append((name, text))
            x += step
    return rows


def _legend(root: ET.Element, rows: list[list[tuple[str, str]]], y: float) -> None:
    legend = ET.SubElement(root, "g", id="legend")
    for row in rows:
        x = EDGE
        for family, text in row:
            group = ET.SubElement(legend, "g", transform=f"translate({_n(x)} {_n(y)})")
            _shape(group, family, 36, 20, *COLOURS[family], "1.5")
            _text(group, 44, 14, text, "detail")
            x += 46 + width(text, 10) + 18
        y += 34


def _text(parent: ET.Element, x: float, y: float, text: str, style: str) -> ET.Element:
    written = ET.SubElement(parent, "text", x=_n(x), y=_n(y))
    if style:
        written.attrib["class"] = style
    written.text = text
    return written


def _p(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
