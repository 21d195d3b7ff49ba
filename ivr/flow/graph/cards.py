"""What is written in a node's box, and how large the box gets. Sizes are in points, y grows downwards.

A card is a body with one tab a target below it; arrows leave from the tabs and arrive at the top. Exits that lead to
the same node share a tab.
"""

from dataclasses import dataclass
from math import ceil

from ivr.flow.graph import ON_ERROR, Exit, Graph, Node
from ivr.flow.graph.letters import width, wrap

ENTRY, FAILURE = "(entry)", "(failure)"
# Family of verbs → (what it does, its verbs). A verb that is in none is drawn as an action.
FAMILIES = {
    "speak": ("speaks", ("play",)),
    "ask": ("asks the caller", ("menu", "collect", "survey")),
    "decide": ("decides", ("branch", "hours")),
    "action": ("sets or notes", ("set", "language", "ticket", "record")),
    "system": ("asks a system", ("http",)),
    "people": ("brings people together", ("queue", "callback", "transfer", "voicemail")),
    "subflow": ("another flow", ("subflow",)),
    "end": ("ends", ("hangup", "return")),
}
MARGIN = 14
LEAST, MOST = 104, 178
GAP = 5


@dataclass(frozen=True)
class Line:
    """`base`: its baseline below the card's top. Styles: verb, name, detail, says, alarm, faint."""

    text: str
    style: str
    base: float


@dataclass(frozen=True)
class Tab:
    """Where the arrow to `target` leaves; `x` from the card's left. Without lines it is only a place."""

    target: str
    exits: tuple[Exit, ...]
    lines: tuple[str, ...]
    x: int
    width: int
    calls: int | None = None


@dataclass(frozen=True)
class Card:
    name: str
    family: str
    lines: tuple[Line, ...]
    tabs: tuple[Tab, ...]
    width: int
    body: int
    tab_height: int
    node: Node | None = None

    @property
    def height(self) -> float:
        return self.body + self.tab_height


SIZES = {"verb": 8.0, "name": 12.0, "detail": 10.0, "says": 10.0, "alarm": 10.0, "faint": 10.0, "tab": 10.0}
BOLD = frozenset({"verb", "name", "alarm"})
LEADING = 1.3
TAB_ROOM, MOST_ACROSS = 132.0, 640.0


def family(verb: str) -> str:
    return next((name for name, (_, members) in FAMILIES.items() if verb in members), "action")


def cards(graph: Graph) -> list[Card]:
    """The entry, the nodes, and where failures go."""
    made = [_entry(graph)]
    made += [_card(node, graph) for node in graph.nodes]
    if graph.on_error:
        exit = Exit(ON_ERROR, "", graph.on_error, graph.failed)
        made.append(_laid(FAILURE, "mark", [("a node fails", "name")], [(graph.on_error, (exit,), graph.failed)], None))
    return made


def _entry(graph: Graph) -> Card:
    if graph.numbers:
        texts = [("calls to", "verb"), *((number, "name") for number in graph.numbers)]
    else:
        texts = [("called by another flow", "verb"), (graph.flow, "name")]
    exit = Exit("start", "", graph.start, graph.entered)
    return _laid(ENTRY, "mark", texts, [(graph.start, (exit,), graph.entered)], None)


def _card(node: Node, graph: Graph) -> Card:
    texts = [(node.verb, "verb")] if node.verb else []
    texts += [(line, "name") for line in wrap(node.name, SIZES["name"], MOST, 2, bold=True)]
    if node.detail:
        texts += [(line, "detail") for line in wrap(node.detail, SIZES["detail"], MOST, 2)]
    for text in node.says[:3]:
        lines = wrap(f"“{text}”", SIZES["says"], MOST, 3 if len(node.says) == 1 else 2)
        texts += [(line, "says") for line in lines]
    if len(node.says) > 3:
        texts.append((f"and {len(node.says) - 3} more", "faint"))
    if node.missing:
        texts.append(("there is no such node", "alarm"))
    elif not node.reachable:
        texts.append(("no path leads here", "alarm"))
    if node.hung_up:
        texts.append((f"✕ {node.hung_up:,} hung up", "alarm"))
    if node.hung_up_talking:
        texts.append((f"{node.hung_up_talking:,} hung up after talking", "faint"))
    targets: dict[str, tuple[Exit, ...]] = {}
    for exit in node.exits:
        targets[exit.target] = (*targets.get(exit.target, ()), exit)
    counted = graph.entered is not None
    tabs = [
        (target, exits, graph.together.get((node.name, target), 0) if counted else None)
        for target, exits in targets.items()
    ]
    return _laid(node.name, family(node.verb) if node.verb else "missing", texts, tabs, node)


def _laid(
    name: str,
    family: str,
    texts: list[tuple[str, str]],
    tabs: list[tuple[str, tuple[Exit, ...], int | None]],
    node: Node | None,
) -> Card:
    lines, y = [], 6.0
    for words, style in texts:
        y += SIZES[style] * LEADING
        lines.append(Line(words, style, y - SIZES[style] * 0.28))
    widest = max(_width(words, style) for words, style in texts)
    room = max(56, min(TAB_ROOM, MOST_ACROSS / max(1, len(tabs))))
    written = [(target, exits, calls, _tab_lines(exits, calls, room, len(tabs) > 1)) for target, exits, calls in tabs]
    wide = [ceil(max([22, *(width(line, SIZES["tab"], bold=True) + 12 for line in text)])) for *_, text in written]
    across = sum(wide) + GAP * (len(wide) - 1)
    whole = ceil(max(LEAST, widest + 2 * MARGIN, across + 2 * MARGIN))
    x, placed = (whole - across) // 2, []
    for (target, exits, calls, text), one in zip(written, wide, strict=True):
        placed.append(Tab(target, exits, tuple(text), x, one, calls))
        x += one + GAP
    most = max([0, *(len(text) for *_, text in written)])
    tab_height = ceil(most * SIZES["tab"] * LEADING + 6) if most else 0
    return Card(name, family, tuple(lines), tuple(placed), whole, ceil(y + 8), tab_height, node)


def _width(words: str, style: str) -> float:
    return width(words.upper() if style == "verb" else words, SIZES[style], bold=style in BOLD)


def _tab_lines(exits: tuple[Exit, ...], calls: int | None, room: float, others: bool) -> list[str]:
    """The exits' labels, with their calls where these are told apart; else the calls of all below.

    A lone `next` needs no label, unless there are `others` beside it.
    """
    apart = calls is not None and len(exits) > 1 and all(exit.calls is not None for exit in exits)
    lines = []
    for exit in exits:
        label = exit.label or ("next" if others or len(exits) > 1 else "")
        lines += wrap(f"{label}: {exit.calls:,}" if apart else label, SIZES["tab"], room, 3, bold=True)
    if calls is not None and not apart:
        lines.append(f"{calls:,}")
    return [line for line in lines if line]
