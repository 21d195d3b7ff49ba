// Which microphone, headset and bell the operator uses, remembered in this browser. The bell may ring aloud while the
// conversation is in the headset.

const PLACE = "desk.devices";
const KINDS = { microphone: "audioinput", headset: "audiooutput", bell: "audiooutput" };

export class Devices extends EventTarget {
  #chosen = JSON.parse(localStorage.getItem(PLACE) ?? "{}");

  // `selects`: one <select name=…> a device; their names are KINDS'.
  constructor(selects, first) {
    super();
    this.selects = selects;
    this.first = first; // the words for what the system has chosen
    for (const select of selects) {
      select.addEventListener("change", () => this.#choose(select.name, select.value));
    }
    navigator.mediaDevices?.addEventListener("devicechange", () => this.look());
  }

  // A device's id; "" for the system's choice, also when the one chosen is not plugged in.
  id(name) {
    return [...this.selects].find((one) => one.name === name)?.value ?? "";
  }

  // Names are known only once the microphone was allowed.
  async look() {
    const found = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.deviceId && one.label);
    for (const select of this.selects) {
      const mine = found.filter((one) => one.kind === KINDS[select.name] && one.deviceId !== "default");
      select.replaceChildren(new Option(this.first, ""), ...mine.map((one) => new Option(one.label, one.deviceId)));
      select.value = mine.some((one) => one.deviceId === this.#chosen[select.name]) ? this.#chosen[select.name] : "";
    }
    this.dispatchEvent(new Event("change"));
  }

  #choose(name, id) {
    this.#chosen[name] = id;
    localStorage.setItem(PLACE, JSON.stringify(this.#chosen));
    this.dispatchEvent(new Event("change"));
  }
}
