// What became of a report: the receipt, or why it is still here and what to do.

import { fill, h, icon } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { reopen } from "./draft.js";
import { spanWords } from "./notices.js";
import { sendReport } from "./outbox.js";
import { alertBox, button, buttonLink, facts } from "./parts.js";
import * as store from "./store.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./context.js").Context} Context */

/** @type {import("./context.js").Screen} */
export async function resultScreen(root, context, id) {
  const report = await store.report(id);
  if (!report || report.person !== context.person) return context.go("#/mine");
  if (report.state === "draft") return context.go("#/details");
  if (report.state === "sent") receipt(root, report);
  else if (report.state === "kept") kept(root, report, context);
  else unsent(root, report, context);
}

/**
 * @param {HTMLElement} root
 * @param {Report} report
 */
function receipt(root, report) {
  const got = report.receipt;
  fill(
    root,
    h(
      "section",
      { class: "receipt", role: "status" },
      icon("check"),
      h("h1", { tabindex: "-1", text: t("receipt.title") }),
      h("p", { class: "muted", text: t("receipt.number") }),
      h("p", { class: "case-number", text: got?.case_number }),
      facts([
        [t("fact.class"), report.class_title],
        [t("fact.grid"), got?.grid],
        [t("fact.police_grid"), got?.police_grid],
        [t("fact.found"), dateTime(report.found_at)],
        [t("fact.received"), got ? dateTime(got.received_at) : ""],
      ]),
      setRight(report),
    ),
    h("p", { text: t("receipt.then") }),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), buttonLink("#/what", t("report.another"), { primary: true })),
  );
}

/**
 * @param {HTMLElement} root
 * @param {Report} report
 * @param {Context} context
 */
function kept(root, report, context) {
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("kept.title") }),
    alertBox(t("kept.words"), "warning"),
    h("ul", { class: "reasons" }, report.problems.map((problem) => h("li", { text: problem.detail }))),
    h("p", { text: t("kept.then") }),
    h("div", { class: "action-bar" }, buttonLink("#/mine", t("mine.title")), button(t("correct"), () => correct(report, context), { primary: true })),
  );
}

/**
 * @param {HTMLElement} root
 * @param {Report} report
 * @param {Context} context
 */
function unsent(root, report, context) {
  const again = button(t("send.again"), () => resend(again, report, context), { primary: true, id: "send-again" });
  const second = report.fixable
    ? button(t("correct"), () => correct(report, context))
    : buttonLink("#/what", t("send.later"));
  fill(
    root,
    h("h1", { tabindex: "-1", text: t("unsent.title") }),
    alertBox(report.error || t("unsent.waiting"), "error"),
    h("ul", { class: "reasons" }, report.problems.map((problem) => h("li", { text: problem.detail }))),
    report.signed_out ? buttonLink("/login?next=/phone/", t("unsent.signin")) : null,
    h("p", { text: t("unsent.words") }),
    facts([
      [t("fact.class"), report.class_title],
      [t("fact.found"), dateTime(report.found_at)],
    ]),
    setRight(report),
    h("div", { class: "action-bar" }, second, again),
  );
}

/** That the time of finding is not what this phone's clock said. @param {Report} report */
function setRight({ clock_ms }) {
  return clock_ms ? h("p", { class: "muted clock-set", text: t("clock.set", { by: spanWords(clock_ms) }) }) : null;
}

/**
 * @param {HTMLButtonElement} control
 * @param {Report} report
 * @param {Context} context
 */
async function resend(control, report, context) {
  if (control.disabled) return;
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  fill(control, t("sending"));
  const chosen = context.classes.find((item) => item.code === report.class_code);
  await sendReport(report, chosen?.questions ?? []);
  context.again();
}

/**
 * @param {Report} report
 * @param {Context} context
 */
async function correct(report, context) {
  const placeIsWrong = report.problems.some((problem) => problem.pointer.startsWith("/place"));
  await reopen(report);
  context.go(placeIsWrong ? "#/where" : "#/details");
}
