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
    const { reviewed, open, gone, by, strata } = await json(`/api/samples/${encodeURIComponent(name)}`);
    if (name !== this.chosen) return;
    const whole = reviewed + open; // what was deleted unheard is no work that is left
    Object.assign(this.root.querySelector("[data-progress]"), { max: whole || 1, value: reviewed });
    const progress = `${reviewed} ${this.labels.of} ${whole} ${this.labels.progress}`;
    this.root.querySelector("[data-text=progress]").textContent = gone ? `${progress}; ${this.labels.gone}: ${gone}` : progress;
    this.#showStrata(by, strata);
  }

  #showStrata(by, strata) {
    const rows = strata.map((one) => {
      const row = document.createElement("tr");
      const cells = [
        one.values.map((text) => text || "–").join(", ") || "–", one.there,
        one.drawn, between(one.low, one.high),
        one.reviewed, between(one.reviewed_low, one.reviewed_high),
      ];
      for (const text of cells) row.insertCell().textContent = text;
      return row;
    });
    this.root.querySelector("[data-strata] tbody").replaceChildren(...rows);
    const names = by.map((name) => this.#criterion(name)).join(", ");
    this.root.querySelector("[data-strata] th").textContent = names ? `${this.labels.stratum}: ${names}` : this.labels.stratum;
  }

  // `survey:clear` is that criterion and a question.
  #criterion(name) {
    const kind = name.split(":", 1)[0];
    return this.labels[`by_${kind}`] ?? this.labels[kind];
  }

  async draw(form, criteria) {
    const wish = new FormData(form), name = wish.get("name"), question = wish.get("question").trim();
    const by = [...wish.getAll("by"), ...(question ? [`survey:${question}`] : [])];
    await checked(await send("POST", "/api/samples", { name, size: Number(wish.get("size")), by, criteria }));
    await this.load(name);
  }
}

function between(low, high) {
  return `${percent(low)}–${percent(high)}`;
}

function percent(share) {
  return `${Math.round(share * 100)}%`;
}
