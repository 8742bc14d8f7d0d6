// From a draft to a plan in force: submit, approve, publish, withdraw; each asks before it acts.

import { byId, fill, h, toast } from "../shared/dom.js";
import { getJson, send } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { ask, field } from "./dialog.js";
import { LOOKS } from "./states.js";

/** @typedef {"submit" | "approve" | "publish" | "withdraw"} Step */

const STEPS = /** @type {Step[]} */ (["submit", "approve", "publish", "withdraw"]);

export class Steps {
  /** @param {import("./draft.js").Draft} draft */
  constructor(draft) {
    this.draft = draft;
    this.shown = "";
    draft.addEventListener("meta", () => this.show());
    draft.addEventListener("drawn", () => this.show());
  }

  /** Steps that the reader may take now. */
  get open() {
    return STEPS.filter((step) => this.draft.meta.can?.[step]);
  }

  show() {
    const state = this.draft.meta.state ?? "draft";
    const badge = byId("draft-state");
    badge.hidden = false;
    badge.dataset.state = LOOKS[state] ?? state;
    badge.textContent = t(`state.${state}`);
    const open = this.open.join();
    if (this.shown === open) return;
    this.shown = open;
    fill(byId("steps"), this.open.map((step, i) => h("button", { class: i ? "btn" : "btn btn-primary", type: "button", "data-step": step, text: t(`step.${step}`), on: { click: () => this.ask(step) } })));
  }

  /** @param {Step} step */
  ask(step) {
    const day = h("input", { type: "datetime-local", name: "valid_from" });
    day.value = local(this.draft.meta.valid_from);
    /** @type {(Node | string)[]} */
    const content = [h("p", { text: t(`step.${step}_what`) })];
    if (step === "submit" || step === "publish") content.push(field(t("step.from"), day), h("p", { class: "muted", text: t("step.from_hint") }));
    if (step === "submit" || step === "publish") content.push(this.#faults());
    ask(t(`step.${step}`), content, t(`step.${step}`), async () => {
      await this.draft.queue.flush();
      const body = day.value ? { valid_from: new Date(`${day.value}:00+08:00`).toISOString() } : {};
      await send(`${this.draft.address}/${step}`, body, { timeout: 120_000 });
      await this.draft.reload();
      toast(t(`step.${step}_done`));
    });
  }

  /** How many faults the check finds, told before the step. */
  #faults() {
    const line = h("p", { class: "muted", role: "status", text: t("check.running") });
    void getJson(`${this.draft.address}/check`).then(
      (told) => {
        const count = (Array.isArray(told) ? told : told.faults).length;
        line.textContent = count ? t("check.found", { count }) : t("check.clean");
      },
      () => (line.textContent = ""),
    );
    return line;
  }
}

/**
 * A time as a field of a form takes it: China's time, which is eight hours ahead all year round.
 * @param {string | null | undefined} time
 */
function local(time) {
  return time ? new Date(new Date(time).getTime() + 8 * 3_600_000).toISOString().slice(0, 16) : "";
}
