// The samples: which there are, how far the chosen one is, and drawing another from what is searched by.

import { send } from "../send.js";
import { checked, json } from "./opened.js";

export class Samples {
  constructor(root, labels) {
    this.root = root;
    this.labels = labels;
    this.select = root.querySelector("[data-samples]");
  }

  get chosen() {
    return this.select.value;
  }

  async load(chosen = this.chosen) {
    const all = await json("/api/samples");
    this.select.replaceChildren(new Option(this.labels.no_sample, ""), ...all.map(({ name }) => new Option(name, name)));
    this.select.value = all.some(({ name }) => name === chosen) ? chosen : "";
    await this.show();
  }

  // How far it is, and what it was drawn from.
  async show() {
    const name = this.chosen;
    this.root.querySelector("[data-of-sample]").hidden = !name;
    for (const link of this.root.querySelectorAll("[data-export]")) {
      link.href = `/review/evaluations.${link.dataset.export}${name && `?sample=${encodeURIComponent(name)}`}`;
    }
    if (!name) return;
    const { drawn, reviewed, strata } = await json(`/api/samples/${encodeURIComponent(name)}`);
    if (name !== this.chosen) return;
    Object.assign(this.root.querySelector("[data-progress]"), { max: drawn, value: reviewed });
    this.root.querySelector("[data-text=progress]").textContent = `${reviewed} ${this.labels.of} ${drawn} ${this.labels.progress}`;
    const rows = strata.map((one) => {
      const row = document.createElement("tr");
      const between = one.low === null ? "–" : `${percent(one.low)}–${percent(one.high)}`;
      for (const text of [one.values.join(", ") || "–", one.there, one.drawn, between]) row.insertCell().textContent = text;
      return row;
    });
    this.root.querySelector("[data-strata] tbody").replaceChildren(...rows);
  }

  async draw(form, criteria) {
    const { name, size, by } = Object.fromEntries(new FormData(form));
    const strata = by.split(",").map((one) => one.trim()).filter(Boolean);
    await checked(await send("POST", "/api/samples", { name, size: Number(size), by: strata, criteria }));
    await this.load(name);
  }
}

function percent(share) {
  return `${Math.round(share * 100)}%`;
}
