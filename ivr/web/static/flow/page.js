import { Graph } from "./graph.js";
import { Phone } from "./phone.js";

const bench = document.querySelector(".workbench");
if (bench) {
  const graph = new Graph(bench.querySelector("[data-graph]"), bench.dataset.base);
  graph.show(bench.dataset.flow).catch((error) => graph.canvas.append(error.message));
  if (bench.querySelector("[data-begin]")) new Phone(bench, graph);
}
