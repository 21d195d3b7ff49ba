// What there is to open: the recordings of a sample, or those that a search has found, page after page.

import { length } from "../times.js";
import { json } from "./opened.js";

export class List {
  #items = []; // { id, recording, state }
  #url = "";
  #next = null;

  // `open` is called with the id of one that was chosen, `changed` when others are shown.
  constructor(root, labels, zone, open, changed) {
    this.root = root;
    this.labels = labels;
    this.changed = changed;
    this.body = root.querySelector("[data-results] tbody");
    this.more = root.querySelector("[data-act=more]");
    this.time = new Intl.DateTimeFormat(document.documentElement.lang, {
      timeZone: zone, dateStyle: "short", timeStyle: "short",
    });
    this.day = new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: "UTC", dateStyle: "short" });
    this.body.addEventListener("click", ({ target }) => {
      const id = target.closest("button")?.value;
      if (id) open(id);
    });
  }

  search(query) {
    return this.#begin(`/api/recordings?${query}`);
  }

  sample(name) {
    return this.#begin(`/api/samples/${encodeURIComponent(name)}/items?limit=50`);
  }

  async #begin(url) {
    this.#url = url;
    this.#items = [];
    this.body.replaceChildren();
    await this.#fetch("");
    this.root.querySelector("[data-text=none]").textContent = this.#items.length ? "" : this.labels.none;
  }

  showMore() {
    return this.#fetch(`&after=${encodeURIComponent(this.#next)}`);
  }

  async #fetch(after) {
    const url = this.#url, { items, recordings, next } = await json(url + after);
    if (url !== this.#url) return; // another list was begun meanwhile
    const found = items ?? recordings.map((recording) => ({ id: recording.id, recording, state: "" }));
    this.#items.push(...found);
    this.#next = next;
    this.more.hidden = next === null;
    this.body.append(...found.map((item) => this.#row(item)));
    this.changed();
  }

  // Those whose anonymised copies are still to be made.
  get pending() {
    return this.#items.filter(({ recording: one }) => one && !one.anonymised && !one.failed).map(({ id }) => id);
  }

  // What is known of one by now.
  update(id, recording) {
    const item = this.#items.find((one) => one.id === id);
    if (!item) return;
    item.recording = recording;
    this.#stateCell(id).textContent = this.#told(item);
  }

  // What can be heard and is still to be reviewed, after this one; null after the last.
  async after(id) {
    for (;;) {
      const place = this.#items.findIndex((item) => item.id === id);
      const next = this.#items.slice(place + 1).find(({ recording, state }) => recording?.anonymised && state !== "reviewed");
      if (next || this.#next === null) return next?.id ?? null;
      await this.showMore();
    }
  }

  reviewed(id) {
    const item = this.#items.find((one) => one.id === id);
    if (!item || item.state === "reviewed") return;
    if (item.state) item.state = "reviewed";
    this.#stateCell(id).textContent = this.labels.state_reviewed;
  }

  #stateCell(id) {
    return this.body.querySelector(`[data-id="${CSS.escape(id)}"] .state-of`);
  }

  current(id) {
    for (const row of this.body.rows) row.setAttribute("aria-current", row.dataset.id === id);
  }

  when(recording) {
    return this.time.format(new Date(recording.started_at));
  }

  #row(item) {
    const { id, recording } = item;
    const row = document.createElement("tr");
    row.dataset.id = id;
    const cells = recording
      ? [this.when(recording), length(recording.seconds), recording.queue, recording.operator, recording.type]
      : ["–", "–", "–", "–", "–"];
    for (const text of cells) row.insertCell().textContent = text;
    const said = row.insertCell();
    said.className = "state-of";
    said.textContent = this.#told(item);
    const place = row.insertCell();
    if (recording) place.append(this.#button(id, recording));
    return row;
  }

  #told({ recording, state, deleted_on: on, days_kept: days }) {
    const told = this.labels[`state_${stateOf(recording, state)}`];
    if (recording) return told;
    const gone = this.labels.state_gone.replace("{on}", this.day.format(new Date(on))).replace("{days}", days);
    return state === "reviewed" ? `${told}, ${gone}` : gone;
  }

  #button(id, recording) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "act", value: id, textContent: this.labels.open });
    button.setAttribute("aria-label", `${this.labels.open} ${this.when(recording)} ${recording.queue}`);
    return button;
  }
}

function stateOf(recording, state) {
  if (state === "reviewed") return state;
  if (!recording) return "gone";
  if (recording.anonymised) return state || "ready";
  return recording.failed ? "failed" : "pending";
}
