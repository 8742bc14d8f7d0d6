// A ZIP archive of files as they are: photos don't get smaller, and every computer opens it.

/** @type {Uint32Array | null} */
let table = null;

/**
 * CRC-32 (ISO 3309) of some bytes.
 * @param {Uint8Array} data
 */
export function crc32(data) {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (const byte of data) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * The archive of some files, stored without compression (APPNOTE.TXT 4.3); names are plain ASCII.
 * @param {Map<string, Uint8Array>} files
 * @returns {Blob}
 */
export function zip(files) {
  /** @type {BlobPart[]} */
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, data] of files) {
    const label = new TextEncoder().encode(name);
    const facts = { crc: crc32(data), size: data.length, name: label.length };
    parts.push(header(0x04034b50, facts, null), label, /** @type {BlobPart} */ (data));
    directory.push(header(0x02014b50, facts, offset), label);
    offset += 30 + label.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  return new Blob([...parts, .../** @type {BlobPart[]} */ (directory), closing(files.size, size, offset)], { type: "application/zip" });
}

/**
 * A file's own header, or with `offset` its entry in the directory.
 * @param {number} signature
 * @param {{crc: number, size: number, name: number}} facts
 * @param {number | null} offset
 */
function header(signature, facts, offset) {
  const listed = offset !== null;
  const view = new DataView(new ArrayBuffer(listed ? 46 : 30));
  const at = listed ? 2 : 0;
  view.setUint32(0, signature, true);
  if (listed) view.setUint16(4, 20, true);
  view.setUint16(4 + at, 20, true);
  view.setUint32(14 + at, facts.crc, true);
  view.setUint32(18 + at, facts.size, true);
  view.setUint32(22 + at, facts.size, true);
  view.setUint16(26 + at, facts.name, true);
  // 1 January 1980, the first day that the format knows.
  view.setUint16(12 + at, 33, true);
  if (listed) view.setUint32(42, offset, true);
  return new Uint8Array(view.buffer);
}

/**
 * @param {number} count
 * @param {number} size of the directory
 * @param {number} offset of the directory
 */
function closing(count, size, offset) {
  const view = new DataView(new ArrayBuffer(22));
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, offset, true);
  return new Uint8Array(view.buffer);
}
