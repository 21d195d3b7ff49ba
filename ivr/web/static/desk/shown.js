// What is seen of the desk: puts the server's view and the phone's state into the page, and keeps its clocks going.

import { length } from "../times.js";

const SECOND = 1000;
const DISPOSITIONS = ["Q", "PQ", "A", "PA", "I", "PI"];

export class Shown {
  #view = null;
  #state = "";
  #then = "";
  #ahead = 0; // ms that the server's clock is ahead of ours
  #title = document.title;

  constructor(root, labels) {
    this.root = root;
    this.labels = labels;
    this.states = JSON.parse(root.dataset.states);
    setInterval(() => this.#tick(), SECOND / 2);
  }

  view(view) {
    this.#view = view;
    this.#ahead = view.now - Date.now();
    const { state, call, today } = view;
    this.root.dataset.state = state;
    for (const one of this.root.querySelectorAll("[data-when]")) {
      one.hidden = !one.dataset.when.split(" ").includes(state);
    }
    this.#text("state", this.states[state] ?? state);
    if (state !== this.#state) this.#state = state, this.then("");
    this.#text("why", this.#then || view.reason);
    this.#text("served", today.served);
    this.#text("average", today.served ? length(today.talked / today.served) : "–");
    const work = this.root.querySelector("[data-work]");
    work.hidden = !call;
    const idle = this.root.querySelector(".idle:not([hidden])");
    if (idle && call) idle.hidden = true;
    if (call) this.#call(call, state);
    this.#talk((state === "talking" && call?.talk) || null);
    this.#recent(view.recent, !call);
    if (state !== "talking") this.keypad(false);
    this.#tick();
  }

  #call(call, state) {
    this.#text("stage", this.labels[`stage_${state === "ringing" ? "offered" : state}`] ?? "");
    this.#text("queue", call.queue);
    this.#text("language", call.language_name);
    this.#text("reason", call.reason && `${this.labels.reason}: ${call.reason}`);
    const until = call.connected ?? this.#now();
    this.#text("waited", call.queued ? `${this.labels.waited} ${length((until - call.queued) / SECOND)}` : "");
    const number = call.earlier.reduce((sum, one) => sum + one.count, 0);
    const counted = `${number} ${number === 1 ? this.labels.one_call : this.labels.calls}`;
    const earlier = !call.known ? this.labels.withheld : number ? counted : this.labels.no_earlier;
    const chips = call.earlier.map((one) => chip(`${one.outcome} ${one.count}`));
    this.root.querySelector("[data-earlier]").replaceChildren(earlier, ...chips);
    const list = this.root.querySelector("[data-journey]");
    if (list.dataset.of !== `${call.id} ${call.journey.length}`) {
      list.replaceChildren(...call.journey.map(line));
      list.dataset.of = `${call.id} ${call.journey.length}`;
      list.parentElement.scrollTop = list.parentElement.scrollHeight;
    }
  }

  // What the conversation allows, and how it stands.
  #talk(talk) {
    const how = talk?.with ?? "";
    for (const one of this.root.querySelectorAll("[data-talk]")) one.hidden = !one.dataset.talk.split(" ").includes(how);
    if (!talk?.recorded) this.root.querySelector("[data-act=pause-recording]").hidden = true;
    this.pressed("hold", Boolean(talk?.held));
    this.pressed("mute", Boolean(talk?.muted));
    this.pressed("pause-recording", Boolean(talk?.paused));
    this.#text("with", this.labels[`with_${how}`]?.replace("{other}", talk.other) ?? "");
  }

  // Whom the call can be given to; who is not ready can be seen, not chosen.
  targets({ queues, colleagues }) {
    const select = this.root.querySelector("[data-target]"), now = JSON.stringify([queues, colleagues]);
    if (select.dataset.of === now) return;
    select.dataset.of = now;
    const chosen = select.value, [ofQueues, ofColleagues] = select.querySelectorAll("optgroup");
    ofQueues.replaceChildren(...queues.map((name) => new Option(name, `queue:${name}`)));
    ofColleagues.replaceChildren(
      ...colleagues.map(({ code, name, state }) => {
        const option = new Option(`${code} ${name}, ${this.states[state] ?? state}`, `operator:${code}`);
        option.disabled = state !== "ready";
        return option;
      }),
    );
    const still = [...select.options].find((one) => one.value === chosen && !one.disabled);
    select.value = still ? chosen : "";
  }

  // The operator's last calls; one without an outcome can still be given it.
  #recent(recent, wanted) {
    const place = this.root.querySelector("[data-recent]");
    place.hidden = !wanted || !recent.length;
    const now = JSON.stringify(recent);
    if (place.dataset.of === now || place.contains(document.activeElement)) return;
    place.dataset.of = now;
    place.querySelector("tbody").replaceChildren(...recent.map((one) => this.#row(one)));
  }

  #row({ id, at, queue, language_name, talked, disposition }) {
    const row = document.createElement("tr"), select = document.createElement("select");
    for (const text of [at, queue, language_name, length(talked)]) row.insertCell().textContent = text;
    if (!disposition) select.append(new Option(this.labels.recent_missing, "", true, true));
    for (const one of DISPOSITIONS) select.append(new Option(one, one, false, one === disposition));
    select.dataset.call = id;
    select.setAttribute("aria-label", `${this.labels.disposition}, ${at}`);
    row.className = disposition ? "" : "missing";
    row.insertCell().append(select);
    return row;
  }

  // What the operator has asked for that comes after the call.
  then(text) {
    this.#then = text;
    this.#text("why", text || (this.#view?.reason ?? ""));
  }

  line(state) {
    this.root.querySelector("[data-line]").dataset.line = state;
    this.#text("line", this.labels[`line_${state}`]);
    if (state === "off") this.root.querySelector("[data-level]").hidden = true;
  }

  // The level of the microphone, so that an operator sees that it hears.
  level(stream) {
    const meter = this.root.querySelector("[data-level]"), context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 512 }), samples = new Float32Array(512);
    context.createMediaStreamSource(stream).connect(analyser);
    meter.hidden = false;
    const timer = setInterval(() => {
      if (!stream.active) return clearInterval(timer), context.close();
      if (document.hidden) return;
      analyser.getFloatTimeDomainData(samples);
      meter.value = Math.min(1, Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / 512) * 5);
    }, 200);
  }

  quality(how) {
    this.root.querySelector("[data-quality]").dataset.quality = how;
    this.#text("quality", how && this.labels[`quality_${how}`]);
  }

  problem(text) {
    const place = this.root.querySelector("[data-problem]");
    place.textContent = text;
    place.hidden = !text;
  }

  online(is) {
    if (!is) this.problem(this.labels.lost);
    else if (this.root.querySelector("[data-problem]").textContent === this.labels.lost) this.problem("");
  }

  saved(text) {
    this.#text("saved", text);
  }

  pressed(act, is) {
    const button = this.root.querySelector(`[data-act=${act}]`);
    button.setAttribute("aria-pressed", is);
  }

  get keypadOpen() {
    return !this.root.querySelector("[data-keypad]").hidden;
  }

  keypad(open = !this.keypadOpen) {
    this.root.querySelector("[data-keypad]").hidden = !open;
    this.pressed("keypad", open);
  }

  // In the window's title too: the page may lie behind others.
  attention(wanted) {
    document.title = wanted ? `☎ ${this.labels.title_ringing} – ${this.#title}` : this.#title;
  }

  #tick() {
    if (!this.#view) return;
    const { since, state, call } = this.#view, now = this.#now();
    this.#clock("state", state === "signed-out" ? "" : length((now - since) / SECOND));
    if (!call) return;
    const from = state === "talking" ? (call.connected ?? since) : since;
    this.#clock("call", length((now - from) / SECOND));
    const left = this.root.querySelector("[data-left]");
    left.value = call.wrap_up ? Math.max(0, 1 - (now - since) / SECOND / call.wrap_up) : 0;
  }

  #now() {
    return Date.now() + this.#ahead;
  }

  #clock(name, text) {
    this.root.querySelector(`[data-clock=${name}]`).textContent = text;
  }

  // Only what has changed: a screen reader says each change.
  #text(name, text) {
    const place = this.root.querySelector(`[data-text=${name}]`);
    if (place.textContent !== String(text)) place.textContent = text;
  }
}

function chip(text) {
  const made = document.createElement("span");
  made.className = "chip faint";
  made.textContent = text;
  return made;
}

function line({ at, kind, text, at_prompt }) {
  const item = document.createElement("li"), time = document.createElement("span");
  time.className = "at";
  time.textContent = length(at);
  const words = document.createElement(kind === "heard" ? "q" : "span");
  words.textContent = text;
  item.className = kind;
  item.append(time, words);
  if (at_prompt) {
    const prompt = document.createElement("q");
    prompt.textContent = at_prompt;
    item.append(prompt);
  }
  return item;
}
