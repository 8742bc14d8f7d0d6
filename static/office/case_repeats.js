// On the page of a case: what repeats it, what may be the same thing, what was merged into it.

import { byId, fill, h } from "../shared/dom.js";
import { explain, getJson, send } from "../shared/http.js";
import { dateTime, load, number, t } from "../shared/i18n.js";
import { onNews } from "./case_live.js";

await load("repeats");

const section = byId("case-repeats");
const parts = byId("case-repeats-parts");
const problem = h("p", { class: "alert", data: { tone: "error" }, role: "alert", hidden: true });
const address = `/api/v1/cases/${encodeURIComponent(section.dataset.id ?? "")}`;
// So many of a group are shown at first; a mass case has a hundred.
const FIRST = 5;

onNews("case", section, show);
await show();

async function show(free = () => true) {
  try {
    const found = await getJson(`${address}/repeats`);
    if (!free()) return;
    const shown = [lead(found), offers(found), merged(found), group(found)].filter((part) => part !== null);
    section.hidden = !shown.length;
    fill(parts, problem, ...shown);
  } catch (error) {
    section.hidden = false;
    fill(parts, h("p", { class: "error", text: explain(error) }));
  }
}

/**
 * Do something and show the case anew; what goes wrong is said here.
 * @param {() => Promise<unknown>} act
 */
async function run(act) {
  problem.hidden = true;
  try {
    await act();
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
  }
}

/**
 * @param {string} text
 * @param {() => Promise<unknown>} act
 * @param {boolean} [primary]
 */
function button(text, act, primary = false) {
  /** @param {Event} event */
  const click = async (event) => {
    const pressed = /** @type {HTMLButtonElement} */ (event.currentTarget);
    pressed.disabled = true;
    await run(act);
    pressed.disabled = false;
  };
  return h("button", { class: primary ? "btn btn-primary" : "btn", type: "button", text, on: { click } });
}

/** The leading case of a merged one. @param {any} found */
function lead(found) {
  if (!found.lead) return null;
  const { number: leading, state_title: state, closing_note: words } = found.lead;
  return h(
    "div",
    { class: "stack" },
    h("p", {}, `${t("led_by")} `, h("a", { class: "number", href: `/cases/${encodeURIComponent(leading)}`, text: leading }), ` · ${state}`),
    words ? h("p", { class: "said", text: words }) : null,
  );
}

/** @param {any} found */
function offers(found) {
  if (!found.offers.length) return null;
  const items = found.offers.map((/** @type {any} */ offer) => {
    const other = offer.cases.find((/** @type {any} */ each) => each.number !== found.number);
    const apart = t("metres_hours", { metres: number(offer.metres), hours: number(offer.hours) });
    const [older, newer] = offer.cases;
    return h(
      "li",
      { class: "stack" },
      side(other, [apart]),
      found.may_merge
        ? h(
            "div",
            { class: "row" },
            button(t("merge_into", { number: older.number }), () => send("/api/v1/repeats/merges", { lead: older.number, cases: [newer.number] }), true),
            button(t("not_same"), () => send("/api/v1/repeats/apart", { cases: [older.id, newer.id] })),
          )
        : null,
    );
  });
  return h("div", { class: "stack" }, h("h3", { text: t("same_thing") }), h("ul", { class: "offers" }, items));
}

/** @param {any} found */
function merged(found) {
  if (!found.merged.length) return null;
  const title = t("merged_count", { count: number(found.merged.length) });
  return h("div", { class: "stack" }, h("h3", { text: title }), h("p", { class: "muted", text: t("merged_told") }), list(found.merged));
}

/** Those that repeat it; open ones may be ticked and merged into this case. @param {any} found */
function group(found) {
  const others = found.group.filter((/** @type {any} */ each) => each.state !== "duplicate");
  if (!others.length) return null;
  const title = t("group_count", { count: number(others.length) });
  const loose = ["reported", "accepted", "dispatched", "handling"];
  const may = found.may_merge && !found.lead;
  const tickable = others.some((/** @type {any} */ each) => may && loose.includes(each.state));
  const shown = list(others, (each) => may && loose.includes(each.state));
  const merge = () => {
    const cases = Array.from(shown.querySelectorAll("input:checked"), (box) => /** @type {HTMLInputElement} */ (box).value);
    if (!cases.length) throw new Error(t("none_ticked"));
    return send("/api/v1/repeats/merges", { lead: found.number, cases });
  };
  return h(
    "div",
    { class: "stack" },
    h("h3", { text: title }),
    shown,
    tickable ? h("div", { class: "row" }, button(t("merge_ticked"), async () => merge())) : null,
  );
}

/**
 * A list of cases, the first few open to view.
 * @param {any[]} cases
 * @param {(each: any) => boolean} [tick] whether a case may be ticked
 */
function list(cases, tick = () => false) {
  const rows = cases.map((each) => h("li", {}, side(each, [], tick(each))));
  const first = h("ul", { class: "list" }, rows.slice(0, FIRST));
  if (rows.length <= FIRST) return h("div", {}, first);
  const rest = h("ul", { class: "list" }, rows.slice(FIRST));
  return h("div", {}, first, h("details", {}, h("summary", { text: t("more", { count: number(rows.length - FIRST) }) }), rest));
}

/**
 * @param {any} each
 * @param {string[]} words
 * @param {boolean} [tick]
 */
function side(each, words, tick = false) {
  const picture = each.thumbnail_url ? h("img", { src: each.thumbnail_url, alt: "", width: 72, height: 72, loading: "lazy" }) : null;
  const box = tick ? h("input", { class: "pick", type: "checkbox", value: each.number, "aria-label": t("tick", { number: each.number }) }) : null;
  const told = [dateTime(each.found_at), each.grid, ...words].join(" · ");
  return h(
    "div",
    { class: "side" },
    box,
    picture,
    h(
      "div",
      {},
      h("a", { class: "number", href: `/cases/${encodeURIComponent(each.number)}`, text: each.number }),
      " ",
      h("span", { class: "badge", data: { state: each.state }, text: each.state_title }),
      h("div", { class: "muted", text: told }),
    ),
  );
}
