"""The graph in DOT, for Graphviz to lay out. Every card is a table of exactly its size, with a port for each tab."""

from html import escape

from ivr.flow.graph import Graph
from ivr.flow.graph.cards import ENTRY, FAILURE, Card, cards


def dot(graph: Graph) -> str:
    """Nodes are named n0, n1, … in the order of `cards`, edges are numbered in their ids in the order of the tabs."""
    made = cards(graph)
    number = {card.name: f"n{position}" for position, card in enumerate(made)}
    lines = [
        "digraph {",
        '  graph [rankdir=TB, nodesep=0.35, ranksep=0.62, mclimit=8, splines=true, fontname="Helvetica"]',
        '  node [shape=plain, fontname="Helvetica", fontsize=10]',
        "  edge [arrowhead=none, headclip=true]",
        f"  {{rank=source; {number[ENTRY]}}}",
    ]
    for card in made:
        lines.append(f"  {number[card.name]} [label=<{_table(card)}>]")
    for card in made:
        for position, tab in enumerate(card.tabs):
            style = ", style=dashed, weight=3" if card.name == FAILURE else ""
            tail, head = f"{number[card.name]}:t{position}:s", f"{number[tab.target]}:top:n"
            lines.append(f'  {tail} -> {head} [id="{card.name}/{position}"{style}]')
    return "\n".join([*lines, "}\n"])


def _table(card: Card) -> str:
    """Text is for people who give the DOT to another program; ours only takes the places."""
    span = 2 * len(card.tabs) + 1
    shown = "<BR/>".join(escape(line.text) for line in card.lines)
    body = _cell(f'PORT="top" COLSPAN="{span}"', card.width, card.body, shown)
    rows = f"<TR>{body}</TR>"
    if card.tabs:
        cells, x = "", 0
        for position, tab in enumerate(card.tabs):
            cells += _cell("", tab.x - x, card.tab_height, "")
            cells += _cell(f'PORT="t{position}"', tab.width, card.tab_height, "<BR/>".join(map(escape, tab.lines)))
            x = tab.x + tab.width
        rows += f"<TR>{cells}{_cell('', card.width - x, card.tab_height, '')}</TR>"
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'


def _cell(attributes: str, width: int, height: int, text: str) -> str:
    """A cell without height would not be there, and its port with it."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{max(1, height)}"'
    return f"<TD {attributes} {size}>{text}</TD>"
