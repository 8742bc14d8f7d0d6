// Computes a proof of work aside from the page: counts up until SHA-256 of "challenge:number" begins with enough
// zero bits. A classic worker, for older phones know no module workers; plain JavaScript, for pages over http
// have no crypto.subtle.

/**
 * Constants of FIPS 180-4: the first 32 bits of the fractional parts of roots of the first primes.
 * @param {number} count
 * @param {number} root
 */
function primeRoots(count, root) {
  const found = [];
  for (let n = 2; found.length < count; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor) divisor++;
    if (divisor * divisor > n) found.push(((n ** (1 / root) % 1) * 2 ** 32) | 0);
  }
  return Int32Array.from(found);
}

const ROUND = primeRoots(64, 3);
const START = primeRoots(8, 2);
const words = new Int32Array(64);
const state = new Int32Array(8);

/**
 * One block of 64 bytes into `state`.
 * @param {DataView} view
 * @param {number} at
 */
function compress(view, at) {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const p = words[i - 15];
    const q = words[i - 2];
    const s0 = ((p >>> 7) | (p << 25)) ^ ((p >>> 18) | (p << 14)) ^ (p >>> 3);
    const s1 = ((q >>> 17) | (q << 15)) ^ ((q >>> 19) | (q << 13)) ^ (q >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/**
 * The number whose hash begins with `bits` zero bits (at most 32).
 * @param {string} challenge
 * @param {number} bits
 */
function solved(challenge, bits) {
  const text = `${challenge}:`;
  const bytes = new Uint8Array(256);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  for (let number = 0; ; number++) {
    const digits = String(number);
    for (let i = 0; i < digits.length; i++) bytes[text.length + i] = digits.charCodeAt(i);
    const length = text.length + digits.length;
    const blocks = (length + 9 + 63) >> 6;
    bytes.fill(0, length, blocks * 64);
    bytes[length] = 0x80;
    view.setUint32(blocks * 64 - 4, length * 8);
    state.set(START);
    for (let block = 0; block < blocks; block++) compress(view, block * 64);
    if (state[0] >>> (32 - bits) === 0) return digits;
  }
}

self.onmessage = (event) => {
  self.postMessage(solved(String(event.data.challenge), Number(event.data.bits)));
};
