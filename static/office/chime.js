// A short sound of our own for what arrives; off until somebody wants it.

const KEY = "desk sound";
const TONES = [
  [880, 0],
  [1174.7, 0.13],
];
const LENGTH_S = 0.16;

/** A switch with a tone; the wish is kept in this browser. */
export class Chime {
  /** @param {HTMLElement} button */
  constructor(button) {
    this.button = button;
    this.wanted = read() === "on";
    /** @type {AudioContext | null} */
    this.context = null;
    this.show();
    button.addEventListener("click", () => this.toggle());
  }

  toggle() {
    this.wanted = !this.wanted;
    try {
      localStorage.setItem(KEY, this.wanted ? "on" : "off");
    } catch {
      // A browser that keeps nothing: the wish lasts as long as the page.
    }
    this.show();
    this.play();
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.wanted));
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

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
