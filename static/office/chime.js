// A short sound of our own for what arrives; off until somebody wants it.

const KEY = "sound";
const TONES = [
  [880, 0],
  [1174.7, 0.13],
];
const LENGTH_S = 0.16;
// A browser that lets the page sound needs no longer to begin.
const WAKING_MS = 1000;

/** A switch with a tone; the wish is kept in this browser, for each person who signs in here. */
export class Chime {
  /** @param {HTMLElement} button stands in what names the person (data-person) */
  constructor(button) {
    this.button = button;
    this.key = `${KEY} ${button.closest("[data-person]")?.getAttribute("data-person") ?? ""}`;
    this.wanted = read(this.key) === "on";
    /** @type {AudioContext | null} */
    this.context = null;
    this.show();
    button.addEventListener("click", () => this.toggle());
  }

  toggle() {
    this.wanted = !this.wanted;
    try {
      localStorage.setItem(this.key, this.wanted ? "on" : "off");
    } catch {
      // A browser that keeps nothing: the wish lasts as long as the page.
    }
    this.show();
    this.play();
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.wanted));
  }

  /**
   * Sound on one page only, when several of this browser want to at once.
   * @param {number} quiet_ms so long no other page may
   */
  async once(quiet_ms) {
    if (!this.wanted) return;
    if (!navigator.locks) return this.play();
    await navigator.locks.request(this.key, { ifAvailable: true }, async (held) => {
      if (!held || !(await this.#able())) return;
      this.play();
      await new Promise((done) => setTimeout(done, quiet_ms));
    });
  }

  /** Whether the browser lets this page sound yet. */
  async #able() {
    this.context ??= new AudioContext();
    const woken = this.context.resume().catch(() => undefined);
    await Promise.race([woken, new Promise((done) => setTimeout(done, WAKING_MS))]);
    return this.context.state === "running";
  }

  /** Two short tones, softly in and out. A browser may wait for the first touch of the page. */
  play() {
    if (!this.wanted) return;
    this.context ??= new AudioContext();
    void this.context.resume();
    const now = this.context.currentTime;
    for (const [pitch, after] of TONES) this.#tone(this.context, pitch ?? 880, now + (after ?? 0));
    this.button.dataset.played = String(Number(this.button.dataset.played ?? 0) + 1);
  }

  /**
   * @param {AudioContext} context
   * @param {number} pitch
   * @param {number} at
   */
  #tone(context, pitch, at) {
    const tone = new OscillatorNode(context, { frequency: pitch });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.18, at + 0.02);
    volume.gain.linearRampToValueAtTime(0, at + LENGTH_S);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + LENGTH_S);
  }
}

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
