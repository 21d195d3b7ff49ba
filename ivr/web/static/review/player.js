// The player of one recording: its picture with both channels, marks on the time line, speed, skipping of silence.

import WaveSurfer from "../wavesurfer-8.0.1.esm.js";
import { length } from "../times.js";
import { close } from "./opened.js";

const STEP = 5, LOOK = 100; // seconds; milliseconds
const SHORTEST = 0.5, LEFT = 0.2; // seconds of silence worth skipping, and left before who speaks next

export class Player {
  #one = null;
  #wave = null;
  #seconds = 0;
  #silences = [];

  // `broken` is called when the sound ends before its end.
  constructor(root, labels, nonce, broken) {
    this.root = root;
    this.broken = broken;
    this.labels = labels;
    this.nonce = nonce;
    this.position = root.querySelector("[data-position]");
    this.speed = root.querySelector("[data-speed]");
    this.skip = root.querySelector("[data-skip]");
    this.position.addEventListener("input", () => this.#seek(Number(this.position.value)));
    this.speed.addEventListener("change", () => this.#setSpeed());
    setInterval(() => this.#look(), LOOK);
  }

  show(one) {
    this.clear();
    this.#one = one;
    const { audio, waveform, details } = one;
    this.root.hidden = !audio;
    if (!audio) return;
    this.#setSeconds(details.recording.seconds);
    this.#setSpeed();
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.#sayPlaying());
    audio.addEventListener("error", this.broken);
    this.#sayPlaying();
    this.#showMarks(details.marks);
    waveform.then((picture) => this.#one === one && this.#draw(picture), () => {});
  }

  clear() {
    this.#wave?.destroy();
    this.#wave = null;
    this.#silences = [];
    if (this.#one) close(this.#one);
    this.#one = null;
    this.root.hidden = true;
  }

  act(name) {
    const audio = this.#one?.audio;
    if (!audio) return undefined;
    if (name === "play") return audio.paused ? audio.play() : audio.pause();
    return this.#seek(audio.currentTime + (name === "back" ? -STEP : STEP));
  }

  #draw({ seconds, levels, silences }) {
    this.#silences = silences;
    this.#setSeconds(seconds);
    this.#showMarks(this.#one.details.marks);
    const colours = [{ waveColor: "#7a9cc0", progressColor: "#0059b3" }, { waveColor: "#d19a6b", progressColor: "#a34700" }];
    this.#wave = WaveSurfer.create({
      container: this.root.querySelector("[data-wave]"),
      media: this.#one.audio,
      peaks: levels.map((channel) => channel.map((level) => level / 255)),
      duration: seconds,
      splitChannels: levels.map((_, channel) => ({ ...colours[channel % 2], height: 64 })),
      cursorColor: "#17324d",
      cursorWidth: 2,
      dragToSeek: true,
      cspNonce: this.nonce,
    });
  }

  #setSeconds(seconds) {
    this.#seconds = seconds;
    this.position.max = Math.floor(seconds);
  }

  #setSpeed() {
    if (this.#one?.audio) this.#one.audio.playbackRate = Number(this.speed.value);
  }

  #seek(to) {
    if (this.#one?.audio) this.#one.audio.currentTime = Math.min(Math.max(0, to), this.#seconds);
    this.#look();
  }

  #look() {
    const audio = this.#one?.audio;
    if (!audio) return;
    const now = audio.currentTime;
    if (this.skip.checked && !audio.paused) {
      const silence = this.#silences.find(([start, end]) => now >= start && now < end - SHORTEST);
      if (silence) audio.currentTime = silence[1] - LEFT;
    }
    const text = `${length(now)} ${this.labels.of} ${length(this.#seconds)}`;
    if (this.position !== document.activeElement || !audio.paused) this.position.value = Math.floor(now);
    this.position.setAttribute("aria-valuetext", text);
    this.root.querySelector("[data-text=position]").textContent = text;
  }

  #sayPlaying() {
    const paused = this.#one?.audio?.paused ?? true;
    this.root.querySelector("[data-act=play] [data-label]").textContent = paused ? this.labels.play : this.labels.pause;
  }

  #showMarks(marks) {
    const spans = marks.map(({ kind, start, end }) => {
      const span = document.createElement("span");
      span.className = kind;
      span.style.left = `${(start / this.#seconds) * 100}%`;
      span.style.width = `${((end - start) / this.#seconds) * 100}%`;
      return span;
    });
    this.root.querySelector("[data-spans]").replaceChildren(...spans);
    const items = marks.map(({ kind, start, end, what }) => {
      const item = document.createElement("li"), button = document.createElement("button");
      Object.assign(button, { type: "button", className: `act ${kind}` });
      const told = this.labels[`covered_${what}`] ?? this.labels[`mark_${kind}`];
      button.textContent = `${told} ${length(start)}–${length(end)}`;
      button.addEventListener("click", () => this.#seek(start));
      item.append(button);
      return item;
    });
    if (!items.length) items.push(Object.assign(document.createElement("li"), { textContent: this.labels.no_marks }));
    this.root.querySelector("[data-marks]").replaceChildren(...items);
  }
}
