// The operators' page: shows what the server tells (`view`), does what the buttons say.

import { Phone } from "./phone.js";
import { Ring } from "./ring.js";
import { Shown } from "./shown.js";

const NOTE_PAUSE = 800; // ms after the last letter until a note is saved
const KEYS = "0123456789*#";

class Desk {
  #phone = new Phone();
  #ring = new Ring();
  #view = null;
  #noteTimer = 0;
  #noteOf = ""; // the call that the note in the field is about

  constructor(root) {
    this.root = root;
    this.labels = JSON.parse(root.dataset.labels);
    this.shown = new Shown(root, this.labels);
    this.form = root.querySelector("[data-outcome]");
    root.append(this.#phone.sound);
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.act) this.#act(button.dataset.act);
      else if (button?.dataset.dtmf) this.#press(button.dataset.dtmf);
    });
    document.addEventListener("keydown", (event) => this.#key(event));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", ({ target }) => target.name === "disposition" && this.#dispose(target.value));
    this.form.note.addEventListener("input", () => this.#noteChanged());
    this.form.note.addEventListener("blur", () => this.#saveNote());
    this.#phone.addEventListener("state", () => this.#phoneChanged());
    this.#phone.addEventListener("problem", ({ detail }) => this.shown.problem(this.labels[`no_${detail}`]));
    addEventListener("beforeunload", (event) => this.#phone.state === "talking" && event.preventDefault());
    addEventListener("pagehide", () => this.#saveNote());
    this.#take(JSON.parse(root.dataset.view));
    if (this.#view.state !== "signed-out") this.#startPhone();
    this.#listen();
  }

  // What the server tells

  #listen() {
    const events = new EventSource("/desk/events");
    events.onmessage = ({ data }) => this.#take(JSON.parse(data));
    events.onopen = () => this.shown.online(true);
    events.onerror = () => {
      this.shown.online(false);
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#listen(), 2000);
    };
  }

  #take(view) {
    const call = view.call?.id ?? "";
    if (call !== this.#noteOf) {
      this.#saveNote();
      this.#noteOf = call;
      this.form.reset();
      this.form.note.value = view.call?.note ?? "";
      this.shown.saved("");
    }
    this.#view = view;
    if (view.call?.disposition) this.form.disposition.value = view.call.disposition;
    this.shown.view(view);
    this.#ringIfNeeded();
  }

  // The phone

  async #startPhone() {
    try {
      await this.#phone.start();
      this.shown.level(this.#phone.microphone);
      return true;
    } catch (error) {
      const microphone = error instanceof DOMException;
      this.shown.problem(microphone ? this.labels.no_microphone : this.labels.no_line);
      return false;
    }
  }

  #phoneChanged() {
    this.shown.line(this.#phone.state);
    this.#ringIfNeeded();
    if (this.#phone.state !== "talking") this.shown.pressed("mute", false), this.shown.keypad(false);
  }

  #ringIfNeeded() {
    this.#ring.set(this.#phone.state === "ringing");
    this.shown.attention(this.#phone.state === "ringing");
  }

  #here() {
    return new Promise((here, never) => {
      const over = setTimeout(() => never(new Error("not registered")), 10_000);
      const look = () => {
        if (this.#phone.state !== "here") return;
        clearTimeout(over);
        this.#phone.removeEventListener("state", look);
        here();
      };
      this.#phone.addEventListener("state", look);
      look();
    });
  }

  // What the operator does

  async #act(name) {
    this.shown.problem("");
    try {
      switch (name) {
        case "sign-in":
          if (!(await this.#startPhone())) return;
          await this.#here();
          return await this.#phone.dial("*1");
        case "ready":
          return await this.#phone.dial("*1");
        case "sign-out":
          await this.#phone.dial("*2");
          return this.#phone.stop();
        case "answer":
          return this.#phone.answer();
        case "refuse":
        case "hang-up":
          return this.#phone.hangUp();
        case "mute":
          return this.shown.pressed("mute", this.#phone.mute());
        case "keypad":
          return this.shown.keypad();
        case "end-wrap-up":
          return await this.#endWrapUp();
      }
    } catch {
      this.shown.problem(this.labels.not_done);
    }
  }

  #press(key) {
    this.#phone.press(key);
  }

  async #endWrapUp() {
    const chosen = this.form.disposition.value;
    if (!chosen) {
      this.shown.problem(this.labels.choose_first);
      return this.form.querySelector("[name=disposition]").focus();
    }
    await this.#saveNote();
    await this.#phone.dial("*1");
  }

  async #dispose(disposition) {
    if (!this.#noteOf) return;
    await this.#save(`/api/calls/${this.#noteOf}/disposition`, { disposition });
  }

  #noteChanged() {
    clearTimeout(this.#noteTimer);
    this.shown.saved(this.labels.saving);
    this.#noteTimer = setTimeout(() => this.#saveNote(), NOTE_PAUSE);
  }

  // At once, if something is not saved yet; also while the page is being left.
  async #saveNote() {
    if (!this.#noteTimer) return;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = 0;
    await this.#save(`/desk/calls/${this.#noteOf}/note`, { note: this.form.note.value });
  }

  async #save(url, body) {
    try {
      const answer = await fetch(url, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        keepalive: true,
      });
      if (!answer.ok) throw new Error(await answer.text());
      this.shown.saved(this.labels.saved);
    } catch {
      this.shown.saved("");
      this.shown.problem(this.labels.not_done);
    }
  }

  // Alt and the letter that stands on a button; digits for the keypad while it is open and no field has the focus.
  #key(event) {
    if (event.altKey && !event.ctrlKey && !event.metaKey) {
      const letter = event.code.replace(/^(Key|Digit)/, "");
      const target = [...this.root.querySelectorAll(`[data-key="${letter}"]`)].find((one) => one.checkVisibility());
      if (!target) return;
      event.preventDefault();
      if (target.matches("textarea")) target.focus();
      else target.click();
    } else if (
      this.shown.keypadOpen && !event.ctrlKey && !event.metaKey && KEYS.includes(event.key) &&
      !event.target.matches("input, textarea, select")
    ) {
      event.preventDefault();
      this.#press(event.key);
    }
  }
}

const root = document.querySelector("[data-desk]");
if (root) new Desk(root);
