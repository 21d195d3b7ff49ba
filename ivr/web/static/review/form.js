// The evaluation of one recording: five marks, their weighted mean, a comment.

import { send } from "../send.js";
import { checked } from "./opened.js";

export class Form {
  #id = "";
  #weights = {};

  constructor(form) {
    this.form = form;
    form.addEventListener("input", () => this.#sayScore());
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  show({ id, details, audio }) {
    this.#id = id;
    this.#weights = details.weights;
    this.form.hidden = !audio;
    this.form.reset();
    for (const [name, value] of Object.entries(details.evaluation?.marks ?? {})) this.form.elements[name].value = value;
    this.form.elements.comment.value = details.evaluation?.comment ?? "";
    this.#sayScore();
  }

  get #marks() {
    return Object.fromEntries(Object.keys(this.#weights).map((name) => [name, Number(this.form.elements[name].value)]));
  }

  get whole() {
    return Object.values(this.#marks).every(Boolean);
  }

  // Returns the score.
  async save() {
    const body = { marks: this.#marks, comment: this.form.elements.comment.value };
    const answer = await send("PUT", `/review/recordings/${encodeURIComponent(this.#id)}/evaluation`, body);
    return (await (await checked(answer)).json()).score;
  }

  #sayScore() {
    const marks = this.#marks, whole = Object.values(this.#weights).reduce((sum, one) => sum + one, 0);
    const sum = Object.entries(this.#weights).reduce((all, [name, weight]) => all + marks[name] * weight, 0);
    this.form.querySelector("[data-text=score]").textContent = this.whole ? (sum / whole).toFixed(2) : "–";
  }
}
