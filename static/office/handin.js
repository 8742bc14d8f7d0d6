// Hand in a phone's file of waiting reports, and give its receipt back.

import { byId, fill, h } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";

const HAND_IN_MS = 120_000;

await load("office");
const form = /** @type {HTMLFormElement} */ (byId("handin"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  handIn();
});

async function handIn() {
  const [file] = /** @type {HTMLInputElement} */ (byId("handin-file")).files ?? [];
  const problem = byId("handin-problem");
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  problem.hidden = true;
  if (!file || button.disabled) return;
  button.disabled = true;
  try {
    const parts = new FormData();
    parts.append("file", file, file.name);
    show(await send("/api/v1/handins", parts, { timeout: HAND_IN_MS }));
  } catch (error) {
    problem.textContent = explain(error);
    problem.hidden = false;
    problem.focus();
  } finally {
    button.disabled = false;
  }
}

/** @param {any} receipt */
function show(receipt) {
  const titles = [...document.querySelectorAll("#handin-result th")].map((each) => each.textContent ?? "");
  const rows = receipt.reports.map((/** @type {any} */ report) => {
    const ground = [report.police_grid, report.grid].filter(Boolean).join(" · ");
    const told = [report.case_number || "–", t(`handin.${report.state}`), ground, String(report.files.held.length)];
    return h("tr", {}, told.map((text, i) => h("td", { data: { label: titles[i] }, text })));
  });
  fill(byId("handin-rows"), rows);
  const link = /** @type {HTMLAnchorElement} */ (byId("handin-receipt"));
  link.href = URL.createObjectURL(new Blob([JSON.stringify(receipt)], { type: "application/json" }));
  byId("handin-result").hidden = false;
  byId("handin-result").scrollIntoView({ block: "nearest" });
}
