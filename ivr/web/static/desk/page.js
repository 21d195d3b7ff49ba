// The operators' page: shows what the server tells (`view`), does what the buttons say.

import { byKey } from "../keys.js";
import { send } from "../send.js";
import { Devices } from "./devices.js";
import { Phone } from "./phone.js";
import { watchQuality } from "./quality.js";
import { Ring } from "./ring.js";
import { Shown } from "./shown.js";

const NOTE_PAUSE = 800; // ms after the last letter until a note is saved
const ALONE = ["ready", "paused", "signed-out"]; // states in which nobody is talked to
const STRAY = 4000; // ms that the phone may still be in a call then
const KEYS = "0123456789*#";

// What the server has refused, with its reason.
class Refused extends Error {}

class Desk {
  #phone = new Phone();
  #ring = new Ring();
  #view = null;
  #notice = undefined; // while it rings and the page is not seen
  #noteTimer = 0;
  #strayTimer = 0;
  #microphone = ""; // the device that the phone uses
  #noteOf = ""; // the call that the note in the field is about
  #targetsOf = ""; // the call whose possible targets are shown

  constructor(root) {
    this.root = root;
    this.labels = JSON.parse(root.dataset.labels);
    this.shown = new Shown(root, this.labels);
    this.form = root.querySelector("[data-outcome]");
    this.devices = new Devices(root.querySelectorAll("[data-devices] select"), this.labels.system_choice);
    this.devices.addEventListener("change", () => this.#useDevices());
    root.append(this.#phone.sound);
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.act) this.#act(button.dataset.act);
      else if (button?.dataset.dtmf) this.#press(button.dataset.dtmf);
    });
    byKey(root);
    document.addEventListener("keydown", (event) => this.#key(event));
    root.querySelector("[data-target]").addEventListener("focus", () => this.#readTargets());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", ({ target }) => target.name === "disposition" && this.#dispose(target.value));
    this.form.note.addEventListener("input", () => this.#noteChanged());
    this.form.note.addEventListener("blur", () => this.#saveNote());
    root.querySelector("[data-recent]").addEventListener("change", ({ target }) => {
      if (target.value) this.#save(`/api/calls/${target.dataset.call}/disposition`, { disposition: target.value });
      target.closest("tr").className = "";
    });
    this.#phone.addEventListener("state", () => this.#phoneChanged());
    this.#phone.addEventListener("microphone", () => this.shown.level(this.#phone.microphone));
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
    const mine = view.call?.talk?.with === "alone" ? call : "";
    if (mine && mine !== this.#targetsOf) this.#readTargets();
    this.#targetsOf = mine;
    this.#ringIfNeeded();
    clearTimeout(this.#strayTimer);
    if (ALONE.includes(view.state)) this.#strayTimer = setTimeout(() => this.#endStray(), STRAY);
  }

  // A goodbye may have been lost while the connection was: nobody stays in a call that is over.
  #endStray() {
    if (this.#phone.state === "talking") this.#phone.hangUp();
  }

  // The phone

  async #startPhone() {
    try {
      await this.#phone.start(this.devices.id("microphone"));
      await this.devices.look();
      return true;
    } catch (error) {
      const microphone = error instanceof DOMException;
      this.shown.problem(microphone ? this.labels.no_microphone : this.labels.no_line);
      return false;
    }
  }

  async #useDevices() {
    const microphone = this.devices.id("microphone"), { sound } = this.#phone;
    this.#ring.at(this.devices.id("bell"));
    try {
      if (sound.sinkId !== this.devices.id("headset")) await sound.setSinkId?.(this.devices.id("headset"));
      if (this.#phone.state !== "off" && microphone !== this.#microphone) await this.#phone.hearBy(microphone);
      this.#microphone = microphone;
    } catch {
      this.shown.problem(this.labels.no_device);
    }
  }

  #phoneChanged() {
    this.shown.line(this.#phone.state);
    if (this.#phone.state === "talking") watchQuality(this.#phone.connection, (how) => this.shown.quality(how));
    this.#ringIfNeeded();
    if (this.#phone.state !== "talking") this.shown.keypad(false);
  }

  #ringIfNeeded() {
    const ringing = this.#phone.state === "ringing";
    this.#ring.set(ringing);
    this.shown.attention(ringing);
    if (!ringing) this.#notice = void this.#notice?.close();
    else if (document.hidden && !this.#notice && Notification.permission === "granted") {
      this.#notice = new Notification(this.labels.stage_offered, { body: this.#view.call?.queue, tag: "call" });
      this.#notice.onclick = () => window.focus();
    }
  }

  // What the operator does

  async #act(name) {
    this.shown.problem("");
    try {
      switch (name) {
        case "sign-in":
          if (Notification.permission === "default") Notification.requestPermission();
          if (!(await this.#startPhone())) return;
          await this.#phone.reach("here");
          return await this.#stand({ state: "ready", phone: "page" });
        case "ready":
          return await this.#stand({ state: "ready" });
        case "pause":
          return await this.#stand({ state: "paused", reason: this.root.querySelector("[data-reason]").value });
        case "sign-out":
          if (await this.#stand({ state: "signed-out" })) this.#phone.stop();
          return;
        case "answer":
          return this.#phone.answer();
        case "refuse":
        case "hang-up":
          return this.#phone.hangUp();
        case "hold":
          return await this.#command(this.#talk.held ? "unhold" : "hold");
        case "mute":
          return await this.#command("mute", { on: !this.#talk.muted });
        case "pause-recording":
          return await this.#command("pause-recording", { on: !this.#talk.paused });
        case "transfer":
        case "consult":
          return await this.#toSomebody(name);
        case "conference":
        case "complete":
        case "return":
          return await this.#command(name);
        case "keypad":
          return this.shown.keypad();
        case "end-wrap-up":
          return await this.#endWrapUp();
      }
    } catch (error) {
      this.shown.problem(error instanceof Refused ? `${this.labels.refused}: ${error.message}` : this.labels.not_done);
    }
  }

  // How the operator's conversation stands; nothing of it when there is none.
  get #talk() {
    return this.#view.call?.talk ?? {};
  }

  #command(name, body = {}) {
    return this.#post(`/api/calls/${this.#view.call.id}/commands/${name}`, body);
  }

  async #toSomebody(name) {
    const select = this.root.querySelector("[data-target]");
    if (!select.value) {
      this.shown.problem(this.labels.choose_target);
      return select.focus();
    }
    const [kind, whom] = select.value.split(":");
    await this.#command(name, { [kind]: whom });
    select.value = "";
  }

  async #readTargets() {
    const answer = await fetch("/desk/targets").catch(() => null);
    if (answer?.ok) this.shown.targets(await answer.json());
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
    // After the caller has left, the phone is still asked for the outcome: what is done in the page ends that.
    if (this.#phone.state === "talking") this.#phone.hangUp();
    await this.#stand({ state: "ready" });
  }

  // Asks for a state; whether it is so. During a call a pause or the end of work comes after it.
  async #stand(wanted) {
    const { then } = await this.#post(`/api/operators/${this.root.dataset.operator}/state`, wanted);
    this.shown.then(then && this.labels.after_call);
    return !then;
  }

  async #post(url, body) {
    const answer = await send("POST", url, body);
    if (answer.status === 409) throw new Refused((await answer.json()).error);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
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
      const answer = await send("PUT", url, body, { keepalive: true });
      if (!answer.ok) throw new Error(await answer.text());
      this.shown.saved(this.labels.saved);
    } catch {
      this.shown.saved("");
      this.shown.problem(this.labels.not_done);
    }
  }

  // Digits for the keypad, while it is open and no field has the focus.
  #key(event) {
    if (!this.shown.keypadOpen || event.ctrlKey || event.altKey || event.metaKey || !KEYS.includes(event.key)) return;
    if (event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    this.#press(event.key);
  }
}

const root = document.querySelector("[data-desk]");
if (root) new Desk(root);
