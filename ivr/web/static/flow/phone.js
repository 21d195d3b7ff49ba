// The telephone of the page: begins a simulated call, presses keys, and shows and plays what is heard.

import { Sound } from "./sound.js";
import { send } from "../send.js";

const KEYS = "0123456789*#";

export class Phone {
  #id = "";
  #next = 0; // entries of the journey that are shown
  #busy = false;
  #where = null; // the server's last word on where the call stands

  constructor(bench, graph) {
    this.bench = bench;
    this.graph = graph;
    this.labels = JSON.parse(bench.dataset.labels);
    this.form = bench.querySelector("[data-begin]");
    this.panel = bench.querySelector("[data-call]");
    this.sound = new Sound();
    this.panel.append(this.sound.element);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#do(() => this.#begin());
    });
    this.panel.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.key) this.#key(button.dataset.key);
      else if (button?.dataset.act) this.#do(() => this.#act(this.#given(button)));
    });
    // Keys of the keyboard count while the focus is on the telephone, and not in one of its fields.
    this.panel.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea, select")) return;
      if (KEYS.includes(event.key)) {
        event.preventDefault();
        this.#key(event.key);
      }
    });
  }

  async #begin() {
    const form = new FormData(this.form);
    this.sound.stop();
    this.#id = "";
    this.#next = 0;
    this.#part("journey").replaceChildren();
    this.graph.forget();
    const begun = await this.#send(`${this.bench.dataset.base}/${this.bench.dataset.flow}/calls`, {
      caller: form.get("caller"),
      at: form.get("at"),
      language: form.get("language"),
      unstaffed: form.get("unstaffed") === "on",
    });
    if (!begun) return;
    this.#id = begun.id;
    this.panel.hidden = false;
    this.panel.querySelector(".keypad").focus();
    this.form.querySelector("button").textContent = this.labels.again;
    await this.#take(begun);
  }

  // A key stops what may be interrupted, and is deaf to the rest, as on a real call.
  #key(key) {
    if (this.#where?.done) return;
    if (this.sound.playing && !this.sound.playing.barge_in) return this.#say(this.labels.whole);
    this.#do(() => this.#act({ act: "press", key }));
  }

  #given(button) {
    const field = (name) => this.panel.querySelector(`[name=${name}]`).value;
    const { act, seconds, status, answers } = button.dataset;
    switch (act) {
      case "wait": return { act, seconds: Number(seconds ?? 0) };
      case "operator": return { act, code: field("code") };
      case "operator-leaves": return { act, disposition: field("disposition") };
      case "reply": return { act, status: Number(status ?? field("status")), body: field("body") };
      case "outside": return { act, answers: answers === "true" };
      default: return { act };
    }
  }

  async #act(given) {
    if (!this.#id) return;
    this.sound.stop();
    const told = await this.#send(`/simulations/${this.#id}`, { ...given, from: this.#next });
    if (told) await this.#take(told);
  }

  // One request after the other; a click while one is on its way is dropped.
  async #do(what) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await what();
    } finally {
      this.#busy = false;
    }
  }

  async #send(url, body) {
    this.#part("problem").textContent = "";
    try {
      const answer = await send("POST", url, body);
      const told = answer.headers.get("Content-Type").startsWith("application/json")
        ? await answer.json() : { problem: await answer.text() };
      if (told.problem) this.#problem(told.problem);
      return answer.ok ? told : null;
    } catch {
      this.#problem(this.labels.lost);
      return null;
    }
  }

  #problem(text) {
    this.panel.hidden = false;
    this.#part("problem").textContent = text;
  }

  async #take(told) {
    this.#where = told;
    this.#next = told.next;
    const journey = this.#part("journey");
    for (const entry of told.entries) {
      const line = this.#line(entry);
      if (line) journey.append(line);
    }
    journey.parentElement.scrollTop = journey.parentElement.scrollHeight;
    for (const part of this.panel.querySelectorAll("[data-when]")) {
      part.hidden = !part.dataset.when.split(/ (?!service)/).includes(told.awaits);
    }
    this.panel.querySelector("[data-act=hang-up]").hidden = told.done;
    this.graph.mark(told.flow, told.node).catch((error) => this.#problem(error.message));
    this.#hear(told);
  }

  // Not waited for: the next key may come while something is heard.
  async #hear(told) {
    const prompts = told.entries.filter((entry) => "says" in entry)
      .map((entry) => ({ ...entry, url: `/simulations/${this.#id}/says/${entry.says}` }));
    if (this.form.querySelector("[name=sound]").checked && prompts.length) {
      const whole = await this.sound.play(prompts, () => this.#say(this.labels.listening));
      if (!whole) return;
    }
    this.#say(told.done ? this.labels.over : this.labels[`waits_${told.awaits.replace(" ", "_")}`]);
  }

  #say(text) {
    this.#part("status").textContent = text ?? "";
  }

  #line(entry) {
    const line = document.createElement("li");
    const at = document.createElement("span");
    at.className = "at";
    at.textContent = `${entry.at.toFixed(1)} s`;
    line.append(at, " ");
    if ("heard" in entry) {
      const text = document.createElement("q");
      text.lang = entry.language;
      text.textContent = entry.text;
      line.className = "heard";
      line.append(text, ` ${entry.heard} (${entry.language})`);
    } else if ("pressed" in entry) line.append(`${this.labels.pressed} ${entry.pressed}`);
    else if ("waited" in entry) line.append(`${entry.waited} ${this.labels.waited}`);
    else if ("exit" in entry) {
      line.className = "exit";
      line.append(`${entry.node} — ${entry.exit} → ${entry.to}`);
    } else {
      const { at: _, node, verb, note, ...detail } = entry;
      if (note === "key" || note === "caller-hung-up") return null; // told already, as what was pressed
      const details = Object.entries(detail).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      line.append([note, ...details].join(" · "));
    }
    return line;
  }

  #part(name) {
    return this.panel.querySelector(`[data-${name}]`);
  }
}
