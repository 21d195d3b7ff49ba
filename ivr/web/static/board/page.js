// The floor's page: shows what the server tells (`view`), does what the buttons say about the row that is chosen.

import { byKey } from "../keys.js";
import { send } from "../send.js";
import { length } from "../times.js";
import { Rows } from "./rows.js";

class Board {
  #view = null;
  #ahead = 0; // ms that the server's clock is ahead of ours

  constructor(root) {
    this.root = root;
    this.phone = root.dataset.phone;
    for (const name of ["labels", "states", "pauses", "languages"]) this[name] = JSON.parse(root.dataset[name]);
    this.rows = Object.fromEntries(
      [...root.querySelectorAll("[data-rows]")].map((table) => [table.dataset.rows, new Rows(table, this.labels)]),
    );
    root.addEventListener("click", ({ target }) => {
      const act = target.closest("button")?.dataset.act;
      if (act) this.#act(act);
    });
    root.addEventListener("change", () => this.#allow());
    byKey(root);
    this.#take(JSON.parse(root.dataset.view));
    this.#listen();
    setInterval(() => this.#tick(), 500);
  }

  #listen() {
    const events = new EventSource("/board/events");
    events.onmessage = ({ data }) => this.#take(JSON.parse(data));
    events.onopen = () => this.#problem(this.#view.problem);
    events.onerror = () => {
      this.#problem(this.labels.lost);
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#listen(), 2000);
    };
  }

  #take(view) {
    if (view.problem !== this.#view?.problem) this.#problem(view.problem);
    this.#view = view;
    this.#ahead = view.now - Date.now();
    const { queues, operators, calls } = view;
    this.rows.queues.show(queues.map((one) => [one.name, this.#queue(one)]));
    const waiting = queues.flatMap((queue) => queue.calls.map((call) => [queue, call]));
    this.rows.waiting.show(
      waiting.map(([queue, call]) => [call.id, this.#waiting(queue, call), call.kind === "call"]),
    );
    this.rows.operators.show(operators.map((one) => [one.code, this.#operator(one), true, one.state]));
    this.rows.calls.show(calls.map((one) => [one.id, [one.id, one.flow, { since: one.since }]]));
    const select = this.root.querySelector("[name=queue]"), names = queues.map((queue) => queue.name);
    if (select.dataset.of !== names.join()) {
      const chosen = select.value;
      select.replaceChildren(...names.map((name) => new Option(name)));
      if (names.includes(chosen)) select.value = chosen;
      select.dataset.of = names.join();
    }
    this.#allow();
    this.#tick();
  }

  #queue({ name, waiting, calls, operators, service_level: level }) {
    const first = Math.min(...calls.map((call) => call.since));
    const states = Object.entries(operators).map(([state, count]) => `${count} ${this.states[state] ?? state}`);
    const share = level.share === null ? "–" : `${Math.round(level.share * 100)}%`;
    return [name, waiting, calls.length ? { since: first } : "–", states.join(", ") || "–", `${share} (${level.within} s)`];
  }

  #waiting({ name }, { kind, id, position, since, language, needs, offered }) {
    const what = kind === "call" ? `… ${id.slice(-6)}` : this.labels[kind];
    return [what, name, position, { since }, this.languages[language] ?? language, needs.join(", "), offered.join(", ")];
  }

  #operator({ code, name, state, reason, since, queue, languages, queues }) {
    const why = reason && ` (${this.pauses[reason] ?? reason})`, busy = ["offered", "talking", "wrap-up"].includes(state);
    const time = state === "signed-out" || !since ? "" : { since };
    return [`${code} ${name}`, `${this.states[state] ?? state}${why}`, time, busy ? queue : "", languages.join(", "), queues.join(", ")];
  }

  // The operator, or the waiting call with its queue, whose row is chosen.
  get #operatorChosen() {
    return this.#view.operators.find(({ code }) => code === this.rows.operators.chosen);
  }

  get #callChosen() {
    for (const queue of this.#view.queues) {
      const call = queue.calls.find(({ id }) => id === this.rows.waiting.chosen);
      if (call) return { queue: queue.name, id: call.id };
    }
    return undefined;
  }

  // A button that could do nothing is not there to be pressed.
  #allow() {
    const operator = this.#operatorChosen, call = this.#callChosen;
    const talking = Boolean(this.phone && operator?.state === "talking");
    const allowed = {
      listen: talking, whisper: talking, stop: talking, "take-over": talking, force: operator, move: call, front: call,
    };
    for (const [act, is] of Object.entries(allowed)) this.root.querySelector(`[data-act=${act}]`).disabled = !is;
  }

  async #act(name) {
    const operator = this.#operatorChosen, call = this.#callChosen;
    const command = `/api/calls/${operator?.call}/commands`;
    this.#problem(this.#view.problem);
    switch (name) {
      case "listen":
      case "whisper":
        return this.#post(`${command}/supervise`, { phone: this.phone, mode: name }, this.labels.rings);
      case "stop":
        return this.#post(`${command}/supervise`, { phone: this.phone, mode: "off" }, this.labels.stopped);
      case "take-over":
        return this.#post(`${command}/take-over`, {}, this.labels.rings);
      case "force": {
        const [state, reason = ""] = this.root.querySelector("[name=state]").value.split(":");
        return this.#post(`/api/operators/${operator.code}/state`, { state, reason }, this.labels.forced);
      }
      case "move":
        return this.#move(call, { queue: this.root.querySelector("[name=queue]").value });
      case "front":
        return this.#move(call, { front: true });
    }
  }

  #move({ queue, id }, where) {
    return this.#post(`/api/queues/${encodeURIComponent(queue)}/calls/${id}`, where, this.labels.moved);
  }

  async #post(url, body, done) {
    this.#text("done", "");
    try {
      const answer = await send("POST", url, body);
      const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (!answer.ok) return this.#problem(told.error ? `${this.labels.refused}: ${told.error}` : this.labels.not_done);
      this.#text("done", told.then ? `${done} (${this.labels.after_call})` : done);
    } catch {
      this.#problem(this.labels.not_done);
    }
  }

  #problem(text) {
    const place = this.root.querySelector("[data-problem]");
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  }

  #text(name, text) {
    this.root.querySelector(`[data-text=${name}]`).textContent = text;
  }

  #tick() {
    const now = Date.now() + this.#ahead;
    for (const one of this.root.querySelectorAll("[data-since]")) one.textContent = length((now - one.dataset.since) / 1000);
  }
}

new Board(document.querySelector("[data-board]"));
