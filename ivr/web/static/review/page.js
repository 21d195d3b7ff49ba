// The reviewers' page: a list to choose from, one recording that is open, and the next one ready.

import { byKey } from "../keys.js";
import { length } from "../times.js";
import { Form } from "./form.js";
import { List } from "./list.js";
import { Opened, close, json } from "./opened.js";
import { Player } from "./player.js";
import { Samples } from "./samples.js";
import { Waiting } from "./waiting.js";

class Review {
  #open = ""; // the id of the recording that is open
  #wanted = ""; // and of the one that was asked for last
  #pending = false; // the one that is open cannot be heard yet

  constructor(root) {
    this.root = root;
    this.labels = JSON.parse(root.dataset.labels);
    this.words = JSON.parse(root.dataset.words);
    this.opened = new Opened();
    const broken = () => this.#problem(this.labels.failed);
    this.player = new Player(root.querySelector("[data-player]"), this.labels, root.dataset.nonce, broken);
    this.form = new Form(root.querySelector("[data-form=evaluation]"));
    this.samples = new Samples(root, this.labels);
    this.waiting = new Waiting((id) => this.#settled(id).catch(() => this.#problem(this.labels.failed)));
    const open = (id) => this.#try(() => this.#show(id)), changed = () => this.#wait();
    this.list = new List(root, this.labels, root.dataset.zone, open, changed);
    root.addEventListener("click", ({ target }) => {
      const act = target.closest("button")?.dataset.act;
      if (act) this.#try(() => this.#act(act));
    });
    this.samples.select.addEventListener("change", () => this.#try(() => this.#choose()));
    for (const name of ["search", "draw"]) {
      root.querySelector(`[data-form=${name}]`).addEventListener("submit", (event) => {
        event.preventDefault();
        this.#try(() => (name === "search" ? this.#search() : this.#draw(event.target)));
      });
    }
    byKey(root);
    this.#try(() => this.#begin());
  }

  // What the address names, so that a list can be passed on.
  async #begin() {
    const asked = new URLSearchParams(location.search);
    for (const field of this.root.querySelectorAll("[data-form=search] [name]")) field.value = asked.get(field.name) ?? "";
    await this.samples.load(asked.get("sample") ?? "");
    await this.#list();
    if (asked.get("recording")) await this.#show(asked.get("recording"));
  }

  #choose() {
    this.#address();
    return Promise.all([this.samples.show(), this.#list()]);
  }

  #list() {
    return this.samples.chosen ? this.list.sample(this.samples.chosen) : this.list.search(new URLSearchParams(this.#criteria));
  }

  get #criteria() {
    return [...new FormData(this.root.querySelector("[data-form=search]"))].filter(([, text]) => text.trim());
  }

  #search() {
    this.samples.select.value = "";
    return this.#choose();
  }

  async #draw(form) {
    const criteria = Object.fromEntries(this.#criteria.map(([name, text]) => [name, [text]]));
    await this.samples.draw(form, criteria);
    return this.#choose();
  }

  async #show(id) {
    this.#wanted = id;
    const one = await this.opened.open(id);
    if (this.#wanted !== id) return close(one);
    this.#open = id;
    this.#address();
    this.list.current(id);
    this.root.querySelector("[data-opened]").hidden = false;
    this.#text("done", "");
    this.#present(one);
    this.root.querySelector("[data-text=opened]").focus();
    await one.waveform; // this one first, then the next
    await this.#prepare(id).catch(() => {}); // when that one is opened, it is said
  }

  #present(one) {
    const { recording, copy } = one.details;
    this.#text("opened", `${this.labels.recording} ${this.list.when(recording)}`);
    this.root.querySelector("[data-text=incomplete]").hidden = recording.complete;
    this.#standing(copy);
    this.#facts(recording);
    this.player.show(one);
    this.form.show(one);
    this.#pending = copy.state === "waiting";
    this.#wait();
  }

  // The one that is open comes first.
  #wait() {
    this.waiting.watch(new Set([...(this.#pending ? [this.#open] : []), ...this.list.pending]));
  }

  // Its copy was made, or was given up: it is shown where it stands, and nothing takes the focus.
  async #settled(id) {
    const open = this.#open === id;
    const one = open ? await this.opened.again(id) : { details: await json(`/review/recordings/${encodeURIComponent(id)}`) };
    this.list.update(id, one.details.recording);
    if (!open) return;
    if (this.#open !== id) return close(one);
    this.#present(one);
    if (one.audio) this.#text("done", this.labels.settled);
  }

  async #prepare(id) {
    const next = await this.list.after(id);
    if (!next || this.#open !== id) return;
    await this.opened.prepare(next);
    if (this.#open === id) this.#text("done", this.labels.prepared);
  }

  async #act(name) {
    switch (name) {
      case "more":
        return this.list.showMore();
      case "save":
        return this.#save();
      case "next": {
        const next = await this.list.after(this.#open);
        return next ? this.#show(next) : this.#text("done", this.labels.last);
      }
      default:
        return this.player.act(name);
    }
  }

  async #save() {
    if (!this.form.whole) return this.#problem(this.labels.unmarked);
    const id = this.#open, score = await this.form.save();
    this.#text("done", `${this.labels.saved}: ${score.toFixed(2)}`);
    this.list.reviewed(id);
    return this.samples.show();
  }

  // What the copy protects; or why nothing can be heard.
  #standing({ state, profile, problem }) {
    const told = this.labels[`profile_${profile}`], why = this.labels[`problem_${problem}`];
    const texts = {
      there: told ? `${this.labels.profile} ${profile}: ${told}` : "",
      waiting: this.labels.pending,
      failed: this.labels.unmade,
    };
    const text = state !== "there" && why ? `${texts[state]} ${this.labels.last_try}: ${why}` : texts[state];
    this.#text("standing", text);
    this.root.querySelector("[data-text=standing]").hidden = !text;
  }

  /* What is ours in the page's words; a designer's as they named it. */
  #word(name, value) {
    return this.words[name]?.[value] ?? value;
  }

  #facts(recording) {
    const shown = [
      ["length", length(recording.seconds)],
      ...["queue", "operator", "language", "reason", "type", "ticket", "outcome", "flow"].map((name) => [name, this.#word(name, recording[name])]),
      ["waited", length(recording.waited)],
    ].filter(([, text]) => text);
    const parts = shown.flatMap(([name, text]) => {
      const term = document.createElement("dt"), told = document.createElement("dd");
      term.textContent = this.labels[name];
      told.textContent = text;
      return [term, told];
    });
    this.root.querySelector("[data-facts]").replaceChildren(...parts);
  }

  #address() {
    const at = new URLSearchParams();
    if (this.samples.chosen) at.set("sample", this.samples.chosen);
    if (this.#open) at.set("recording", this.#open);
    history.replaceState(null, "", `/review${at.size ? `?${at}` : ""}`);
  }

  async #try(work) {
    this.#problem("");
    try {
      await work();
    } catch (error) {
      if (error.name === "AbortError") return; // another recording was opened before this one could play
      this.#problem(error.reason ? `${this.labels.refused}: ${error.reason}` : this.labels.failed);
    }
  }

  #problem(text) {
    const place = this.root.querySelector("[data-problem]");
    place.textContent = text;
    place.hidden = !text;
  }

  #text(name, text) {
    this.root.querySelector(`[data-text=${name}]`).textContent = text;
  }
}

new Review(document.querySelector("[data-review]"));
