// From a draft to a plan in force: submit, approve, publish, withdraw; each asks before it acts.

import { byId, h, toast } from "../shared/dom.js";
import { getJson, send } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { ask, field } from "./dialog.js";

/** @typedef {"submit" | "approve" | "publish" | "withdraw"} Step */

const STEPS = /** @type {Step[]} */ (["submit", "approve", "publish", "withdraw"]);
/** A draft's state in the words of the design system's badges. */
const LOOKS = { draft: "draft", submitted: "queued", in_review: "queued", approved: "accepted", published: "closed", withdrawn: "withdrawn" };

export class Steps {
  /** @param {import("./draft.js").Draft} draft */
  constructor(draft) {
    this.draft = draft;
    this.button = /** @type {HTMLButtonElement} */ (byId("next-step"));
    this.button.addEventListener("click", () => this.ask(/** @type {Step} */ (this.button.dataset.step)));
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
    badge.dataset.state = LOOKS[/** @type {keyof typeof LOOKS} */ (state)] ?? state;
    badge.textContent = t(`state.${state}`);
    const [next] = this.open;
    this.button.hidden = !next;
    if (!next) return;
    this.button.dataset.step = next;
    this.button.textContent = t(`step.${next}`);
  }

  /** @param {Step} step */
  ask(step) {
    const day = h("input", { type: "datetime-local", name: "valid_from" });
    /** @type {(Node | string)[]} */
    const content = [h("p", { text: t(`step.${step}_what`) })];
    if (step === "submit") content.push(field(t("step.from"), day), h("p", { class: "muted", text: t("step.from_hint") }));
    if (step === "submit" || step === "publish") content.push(this.#faults());
    ask(t(`step.${step}`), content, t(`step.${step}`), async () => {
      await this.draft.queue.flush();
      const body = step === "submit" && day.value ? { valid_from: new Date(`${day.value}:00+08:00`).toISOString() } : {};
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
