// A form app: reads the form list, loads a form with its files, fills it, sends it. Its order comes as JSON on
// standard input ({prefix, form, language, answers, photos: {reference: size}}), its report goes to standard output.

import { createRequire } from "node:module";
import { JSDOM } from "jsdom";

globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = import.meta.dirname;
const { window } = new JSDOM("<!doctype html><html><body></body></html>", { url: "http://localhost/" });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
globalThis.window = window;
globalThis.document = window.document;
const { loadForm } = await import("@getodk/xforms-engine");

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const order = JSON.parse(Buffer.concat(chunks).toString());
const headers = { "X-OpenRosa-Version": "1.0", "Accept-Language": order.language };

/** @param {string} address */
async function get(address) {
  const answer = await fetch(address, { headers });
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

/** @param {string} text */
function parse(text) {
  return new window.DOMParser().parseFromString(text, "text/xml");
}

const list = parse(await get(`${order.prefix}/formList`));
const forms = [...list.getElementsByTagName("xform")];
const listed = forms.find((form) => form.getElementsByTagName("formID")[0].textContent === order.form);
const said = (name) => listed.getElementsByTagName(name)[0]?.textContent;
const manifest = parse(await get(said("manifestUrl")));
const files = {};
for (const file of manifest.getElementsByTagName("mediaFile")) {
  files[file.getElementsByTagName("filename")[0].textContent] = file.getElementsByTagName("downloadUrl")[0].textContent;
}

const loaded = await loadForm(await get(said("downloadUrl")), {
  fetchFormAttachment: async (address) => fetch(files[String(address).split("/").pop()], { headers }),
});
if (loaded.error) throw loaded.error;
const { root } = loaded.createInstance();

/** Every node of the form by its reference. */
function* nodes(node) {
  yield node;
  for (const child of node.currentState.children ?? []) yield* nodes(child);
}
const find = (reference) => [...nodes(root)].find((node) => node.currentState.reference === reference);

const languages = root.languages.map((item) => item.language);
for (const [reference, value] of Object.entries(order.answers)) {
  const node = find(reference);
  if (!node) throw new Error(`no node ${reference} among ${[...nodes(root)].map((n) => n.currentState.reference)}`);
  if (node.nodeType === "select") node.selectValue(value);
  else node.setValue(value);
}
for (const [reference, size] of Object.entries(order.photos)) {
  const bytes = Buffer.from(order.picture, "base64");
  find(reference).setValue(new File([bytes, new Uint8Array(size)], "photo.jpg", { type: "image/jpeg" }));
}
const broken = root.validationState.violations.map((item) => `${item.reference}: ${item.violation?.condition}`);
const payload = await root.prepareInstancePayload({ payloadType: "monolithic" });
const head = await fetch(`${order.prefix}/submission`, { method: "HEAD", headers });
const answer = await fetch(`${order.prefix}/submission`, { method: "POST", headers, body: payload.data[0] });
const text = await answer.text();
console.log(
  JSON.stringify({
    forms: forms.length,
    languages,
    broken,
    payload: payload.status,
    head: head.status,
    status: answer.status,
    message: parse(text).getElementsByTagName("message")[0]?.textContent ?? text,
    xml: await payload.data[0].get("xml_submission_file").text(),
  }),
);
