// Recordings that are opened, or fetched beforehand to be opened next: what is known of them, their sound, their picture.

import { send } from "../send.js";

export class Failed extends Error {
  // `reason`: what the server says of a wish that it cannot grant as it is; "" for all else.
  constructor(answer, reason) {
    super(`${answer.status} ${answer.url}`);
    this.reason = [400, 404, 409, 410].includes(answer.status) ? reason : "";
  }
}

export async function checked(answer) {
  if (!answer.ok) throw new Failed(answer, await answer.text());
  return answer;
}

export async function json(url) {
  return (await checked(await fetch(url))).json();
}

export class Opened {
  #prepared = new Map(); // id → promise of a recording that nobody has opened yet

  // Fetched now, so that it is there when it is opened.
  async prepare(id) {
    if (this.#prepared.has(id)) return this.#prepared.get(id);
    this.#drop();
    const one = fetched(id, true);
    this.#prepared.set(id, one);
    one.catch(() => this.#prepared.delete(id));
    const { waveform } = await one;
    await waveform;
    return one;
  }

  // `{ details, audio, waveform }`, of which `audio` is null while nothing can be heard, and `waveform` a promise.
  async open(id) {
    const prepared = this.#prepared.get(id);
    this.#prepared.delete(id);
    this.#drop();
    if (!prepared) return fetched(id, false);
    const one = await prepared;
    if (one.audio) await opening(id, false); // it is heard from here on: that is in the audit
    return one;
  }

  // One that is open already: its sound is there only now.
  again(id) {
    return fetched(id, false);
  }

  #drop() {
    for (const one of this.#prepared.values()) one.then(close, () => {});
    this.#prepared.clear();
  }
}

// The browser lets go of the sound at once.
export function close({ audio }) {
  if (!audio) return;
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
}

async function fetched(id, beforehand) {
  const path = `/review/recordings/${encodeURIComponent(id)}`;
  const details = await json(path);
  if (!details.recording.anonymised) return { id, details, audio: null, waveform: Promise.resolve(null) };
  const audio = new Audio();
  audio.preload = "auto";
  audio.src = `${path}/audio?opening=${await opening(id, beforehand)}`;
  const waveform = json(`${path}/waveform`);
  waveform.catch(() => {}); // who shows it says so
  return { id, details, audio, waveform };
}

async function opening(id, beforehand) {
  const answer = await send("POST", `/review/recordings/${encodeURIComponent(id)}/openings`, { beforehand });
  return (await (await checked(answer)).json()).opening;
}
