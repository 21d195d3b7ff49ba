// The picture of a flow, in a shadow root so that its style and the page's leave each other alone.

const MARKED = new CSSStyleSheet();
MARKED.replaceSync(`
  svg { display: block; }
  .node[data-passed] > :is(rect, polygon):first-of-type { stroke-width: 4; }
  .node[data-here] > :is(rect, polygon):first-of-type { stroke: #c05600; stroke-width: 6; }
`);

export class Graph {
  #pictures = new Map(); // flow → { svg, style }
  #shown = "";
  #passed = new Set(); // "flow node"

  constructor(canvas, base) {
    this.canvas = canvas;
    this.base = base;
    this.root = canvas.attachShadow({ mode: "open" });
  }

  async show(flow) {
    if (flow === this.#shown) return;
    this.#shown = flow;
    if (!this.#pictures.has(flow)) this.#pictures.set(flow, await this.#fetch(flow));
    if (this.#shown !== flow) return; // another was asked for meanwhile
    const { svg, style } = this.#pictures.get(flow);
    this.root.adoptedStyleSheets = [style, MARKED];
    this.root.replaceChildren(svg);
  }

  // Marks where the call is, and where it was.
  async mark(flow, node) {
    this.#passed.add(`${flow} ${node}`);
    await this.show(flow);
    if (this.#shown !== flow) return;
    for (const one of this.root.querySelectorAll("[data-node]")) {
      one.toggleAttribute("data-passed", this.#passed.has(`${flow} ${one.dataset.node}`));
      one.toggleAttribute("data-here", one.dataset.node === node);
      if (one.dataset.node === node) this.#bringIntoView(one);
    }
  }

  forget() {
    this.#passed.clear();
    for (const one of this.root.querySelectorAll("[data-node]")) {
      one.removeAttribute("data-passed");
      one.removeAttribute("data-here");
    }
  }

  // Scrolls the canvas alone: the page stays where the reader is.
  #bringIntoView(node) {
    const [here, view] = [node.getBoundingClientRect(), this.canvas.getBoundingClientRect()];
    this.canvas.scrollBy({
      left: here.left + here.width / 2 - view.left - view.width / 2,
      top: here.top + here.height / 2 - view.top - view.height / 2,
    });
  }

  // The style is taken out before parsing: the page's policy has no place for it in a document.
  async #fetch(flow) {
    const answer = await fetch(`${this.base}/${encodeURIComponent(flow)}/graph`);
    if (!answer.ok) throw new Error(await answer.text());
    const style = new CSSStyleSheet();
    const text = (await answer.text()).replace(/<style>([^]*?)<\/style>/, (_, rules) => (style.replaceSync(rules), ""));
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
    const svg = document.importNode(parsed.documentElement, true);
    svg.style.minWidth = `${svg.getAttribute("width")}px`; // as large as it was drawn: its letters must be read
    return { svg, style };
  }
}
