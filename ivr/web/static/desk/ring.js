// The ring of the page: two soft notes, again and again, made by the browser itself.

const NOTES = [659.25, 523.25]; // Hz: a falling third
const EVERY = 2; // seconds

export class Ring {
  #context = null;
  #timer = 0;
  #device = "";

  // `device`: where it rings, "" for the system's choice.
  at(device) {
    this.#device = device;
    this.#context?.setSinkId?.(device).catch(() => {});
  }

  set(on) {
    if (on === Boolean(this.#timer)) return;
    clearInterval(this.#timer);
    this.#timer = 0;
    if (!on) return;
    if (!this.#context) {
      this.#context = new AudioContext();
      if (this.#device) this.at(this.#device);
    }
    this.#context.resume();
    this.#strike();
    this.#timer = setInterval(() => this.#strike(), EVERY * 1000);
  }

  #strike() {
    for (const [turn, hertz] of NOTES.entries()) {
      const begin = this.#context.currentTime + turn * 0.28;
      const note = new OscillatorNode(this.#context, { frequency: hertz });
      const loud = new GainNode(this.#context, { gain: 0 });
      loud.gain.linearRampToValueAtTime(0.25, begin + 0.02);
      loud.gain.setValueAtTime(0.25, begin + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.001, begin + 0.6);
      note.connect(loud).connect(this.#context.destination);
      note.start(begin);
      note.stop(begin + 0.65);
    }
  }
}
