// The documentation of the API: paths, parameters, bodies, answers and schemas of openapi.json as a page.

import { byId, h } from "../shared/dom.js";
import { getJson } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";

/** @typedef {{[name: string]: any}} Json */

const METHODS = ["get", "post", "put", "patch", "delete"];

await load("apidocs");
const api = /** @type {Json} */ (await getJson("/api/openapi.json"));
show();
byId("filter").addEventListener("input", narrow);

function show() {
  const operations = byId("operations");
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      operations.append(operation(method, path, item[method], item.parameters ?? []));
    }
  }
  const schemas = byId("schemas");
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    schemas.append(
      h("details", { class: "card", id: `schema-${name}` }, h("summary", {}, h("code", { text: name })),
        schema.description ? h("p", { text: schema.description }) : null, members(schema)),
    );
  }
}

/**
 * One operation, closed until it is asked for.
 * @param {string} method
 * @param {string} path
 * @param {Json} said
 * @param {Json[]} shared parameters of the whole path
 */
function operation(method, path, said, shared) {
  const parameters = [...shared, ...(said.parameters ?? [])].map(resolved);
  return h(
    "details",
    { class: "card", data: { operation: `${method} ${path} ${said.summary ?? ""}`.toLowerCase() } },
    h("summary", {}, h("strong", { text: method.toUpperCase() }), " ", h("code", { text: path }), " ",
      h("span", { class: "muted", text: said.summary ?? "" })),
    said.description ? h("p", { text: said.description }) : null,
    parameters.length ? [h("h3", { text: t("parameters") }), table(parameters.map(parameterRow))] : null,
    said.requestBody ? [h("h3", { text: t("body") }), contents(resolved(said.requestBody))] : null,
    h("h3", { text: t("answers") }),
    ...Object.entries(said.responses).map(([status, answer]) => answered(status, resolved(answer))),
  );
}

/**
 * @param {string} status
 * @param {Json} answer
 */
function answered(status, answer) {
  return h("div", {}, h("p", {}, h("code", { text: status }), " ", answer.description ?? ""), contents(answer));
}

/**
 * The media types of a body or an answer, each with its schema.
 * @param {Json} holder
 */
function contents(holder) {
  return h("ul", {}, ...Object.entries(holder.content ?? {}).map(([media, content]) =>
    h("li", {}, h("code", { text: media }), " ", ...kind(content.schema ?? {}))));
}

/** @param {Json} parameter */
function parameterRow(parameter) {
  const schema = parameter.schema ?? {};
  return [parameter.name, parameter.in, kind(schema), parameter.required, parameter.description ?? schema.description];
}

/** @param {Json} schema */
function members(schema) {
  const required = new Set(schema.required ?? []);
  return table(Object.entries(schema.properties ?? {}).map(([name, member]) =>
    [name, "", kind(member), required.has(name), member.description]));
}

/** @param {any[][]} rows name, place, kind, required, description */
function table(rows) {
  const heads = ["name", "place", "kind", "required", "meaning"];
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col", text: t(head) })))),
    h("tbody", {}, ...rows.map(([name, place, type, required, meaning]) => h("tr", {},
      h("td", {}, h("code", { text: name })), h("td", { text: place }), h("td", {}, ...type),
      h("td", { text: required ? t("yes") : "" }), h("td", { text: meaning ?? "" }))))));
}

/**
 * What a schema is, in words and links.
 * @param {Json} schema
 * @returns {(Node | string)[]}
 */
function kind(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    const link = h("a", { href: `#schema-${name}`, text: name });
    link.addEventListener("click", () => byId(`schema-${name}`).setAttribute("open", ""));
    return [link];
  }
  const parts = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (parts) return parts.flatMap((/** @type {Json} */ part, /** @type {number} */ at) => [at ? " | " : "", ...kind(part)]);
  if (schema.items) return [t("list_of"), " ", ...kind(schema.items)];
  if (schema.enum) return [schema.enum.join(" | ")];
  const bounds = [schema.minimum, schema.maximum].map((bound) => bound ?? "").join("…");
  const type = [schema.type ?? t("anything")].flat().join(" | ");
  return [[type, schema.format, bounds === "…" ? "" : bounds].filter(Boolean).join(" ")];
}

/**
 * What a reference points to.
 * @param {Json} item
 * @returns {Json}
 */
function resolved(item) {
  if (!item.$ref) return item;
  return item.$ref.slice(2).split("/").reduce((/** @type {Json} */ at, /** @type {string} */ key) => at[key], api);
}

function narrow() {
  const words = /** @type {HTMLInputElement} */ (byId("filter")).value.trim().toLowerCase();
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-operation]"))) {
    item.hidden = !(item.dataset.operation ?? "").includes(words);
  }
}
