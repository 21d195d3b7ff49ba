// The telephone of the page: SIP through the page's own server, sound by WebRTC.
//
// `state` is `off`, `away` (not registered, tries on), `here`, `ringing` or `talking`; every change is told by an event
// `state`, what goes wrong by an event `problem` whose detail is `microphone`, `line` or `sound`.

import { UA, WebSocketInterface } from "../jssip-3.13.8.min.js";

const AGAIN = 5000; // ms until a refused registration is tried with new credentials

export class Phone extends EventTarget {
  state = "off";
  sound = new Audio(); // what is heard
  #ua = null;
  #call = null;
  #microphone = null;
  #soundAt = "";

  // Rejects when there is no microphone, or the operator does not allow it.
  async start(device = "") {
    if (this.#ua) return;
    await this.hearBy(device);
    const { account, password, sound_at } = await this.#credentials();
    this.#soundAt = sound_at;
    const { protocol, host } = location;
    const ua = new UA({
      sockets: [new WebSocketInterface(`${protocol === "https:" ? "wss" : "ws"}://${host}/desk/sip`)],
      uri: `sip:${account}@numero-nero.invalid`,
      password,
      register_expires: 120,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    });
    this.#ua = ua;
    ua.on("registered", () => this.#become(this.#call ? this.state : "here"));
    ua.on("unregistered", () => this.#become(this.#call ? this.state : "away"));
    ua.on("disconnected", () => this.#become(this.#call ? this.state : "away"));
    ua.on("registrationFailed", () => setTimeout(() => this.#again(ua), AGAIN));
    ua.on("newRTCSession", ({ session, originator }) => originator === "remote" && this.#ring(session));
    this.#become("away");
    ua.start();
  }

  // Takes another microphone, also during a call.
  async hearBy(device) {
    const wanted = device ? { deviceId: { exact: device } } : true;
    const before = this.#microphone, now = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    const [track] = now.getAudioTracks();
    track.onended = () => this.#problem("microphone");
    this.#microphone = now;
    await this.#call?.connection?.getSenders().find((sender) => sender.track?.kind === "audio")?.replaceTrack(track);
    for (const old of before?.getTracks() ?? []) old.stop();
    this.dispatchEvent(new Event("microphone"));
  }

  stop() {
    this.#ua?.stop();
    this.#ua = null;
    for (const track of this.#microphone?.getTracks() ?? []) track.stop();
    this.#microphone = null;
    this.#become("off");
  }

  answer() {
    if (this.state !== "ringing") return;
    this.#call.answer({ mediaStream: this.#microphone, pcConfig: { iceServers: [] } });
  }

  hangUp() {
    if (this.#call) this.#call.terminate(this.state === "ringing" ? { status_code: 603 } : {});
  }

  // Resolves once it is so, rejects when it does not become so in time (ms).
  reach(state, within = 10_000) {
    if (this.state === state) return Promise.resolve();
    return new Promise((reached, never) => {
      const over = setTimeout(() => (this.removeEventListener("state", look), never(new Error(`not ${state}`))), within);
      const look = () => {
        if (this.state !== state) return;
        clearTimeout(over);
        this.removeEventListener("state", look);
        reached();
      };
      this.addEventListener("state", look);
    });
  }

  press(key) {
    if (this.state === "talking") this.#call.sendDTMF(key, { transportType: "RFC2833" });
  }

  get connection() {
    return this.#call?.connection;
  }

  get microphone() {
    return this.#microphone;
  }

  #ring(session) {
    if (this.#call) return session.terminate({ status_code: 486 });
    this.#call = session;
    session.on("sdp", (event) => event.originator === "remote" && (event.sdp = this.#placed(event.sdp)));
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.ontrack = ({ streams: [stream] }) => {
        this.sound.srcObject = stream;
        this.sound.play().catch(() => this.#problem("sound"));
      };
    });
    session.on("confirmed", () => this.#become("talking"));
    const over = () => {
      this.#call = null;
      this.sound.srcObject = null;
      this.#become(this.#ua?.isRegistered() ? "here" : this.#ua ? "away" : "off");
    };
    session.on("ended", over);
    session.on("failed", over);
    this.#become("ringing");
  }

  // Asterisk offers its sound at the addresses of the machine's interfaces; the server knows at which it really is.
  #placed(sdp) {
    return this.#soundAt ? sdp.replace(/^(a=candidate:\S+ \d+ udp \d+) \S+/gim, `$1 ${this.#soundAt}`) : sdp;
  }

  async #credentials() {
    const answer = await fetch("/desk/phone");
    if (!answer.ok || answer.redirected) throw new Error("no credentials");
    return answer.json();
  }

  // The password holds for some hours: a registration that is refused needs the one of now.
  async #again(ua) {
    if (ua !== this.#ua) return;
    try {
      const { password } = await this.#credentials();
      ua.set("password", password);
      ua.register();
    } catch {
      this.#problem("line");
    }
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #problem(what) {
    this.dispatchEvent(new CustomEvent("problem", { detail: what }));
  }
}
