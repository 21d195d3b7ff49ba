// The recordings whose anonymised copies are not made yet: the server says when one is, or is given up.

const MOST = 50; // that the server looks for, see ivr/web/copies.py

export class Waiting {
  #ids = new Set();
  #told = new Set(); // of those that settled
  #events = null;

  // `settled` is called with the id of each that waits no more.
  constructor(settled) {
    this.settled = settled;
  }

  // From now on these, the first of them where they are too many.
  watch(ids) {
    const wanted = new Set([...ids].filter((id) => !this.#told.has(id)).slice(0, MOST));
    if (wanted.size === this.#ids.size && [...wanted].every((id) => this.#ids.has(id))) return;
    this.#ids = wanted;
    this.#listen();
  }

  #listen() {
    this.#events?.close();
    this.#events = null;
    if (!this.#ids.size) return;
    const query = new URLSearchParams([...this.#ids].map((id) => ["recording", id]));
    const events = new EventSource(`/review/events?${query}`);
    this.#events = events;
    events.onmessage = ({ data }) => {
      const settled = JSON.parse(data).filter((id) => this.#ids.delete(id));
      if (!this.#ids.size) this.#listen();
      for (const id of settled) {
        this.#told.add(id);
        this.settled(id);
      }
    };
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) setTimeout(() => events === this.#events && this.#listen(), 2000);
    };
  }
}
