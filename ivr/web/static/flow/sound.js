// Plays the sounds of a call one after the other. `playing` is the prompt that is heard now.

export class Sound {
  element = new Audio();
  playing = null;
  #turn = 0;
  #over = () => {};

  // Resolves true when all were heard to the end, false when they were stopped. `begins(prompt)` is told of each.
  async play(prompts, begins) {
    this.stop();
    const turn = this.#turn;
    for (const prompt of prompts) {
      this.playing = prompt;
      begins(prompt);
      await this.#hear(prompt.url);
      if (turn !== this.#turn) return false;
    }
    this.playing = null;
    return true;
  }

  stop() {
    this.#turn++;
    this.playing = null;
    this.element.pause();
    this.#over();
  }

  // Until its end, until it is stopped, or at once if it cannot be played.
  #hear(url) {
    return new Promise((over) => {
      this.#over = this.element.onended = this.element.onerror = over;
      this.element.src = url;
      this.element.play().catch(over);
    });
  }
}
