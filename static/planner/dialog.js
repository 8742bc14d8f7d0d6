// Small windows above the map: a question, its fields, what is done with the answer.

import { h } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { t } from "../shared/i18n.js";

let count = 0;

/**
 * Open a window with a form; it closes when `act` is through, and shows why when `act` is refused.
 * @param {string} title
 * @param {(Node | string)[]} content
 * @param {string} verb of the button
 * @param {(form: FormData, button: string) => Promise<unknown>} act
 * @returns {HTMLDialogElement}
 */
export function ask(title, content, verb, act) {
  const id = `dialog-${++count}`;
  const problem = h("p", { class: "alert", data: { tone: "error" }, role: "alert", hidden: true });
  const go = h("button", { class: "btn btn-primary", type: "submit", text: verb });
  const form = h("form", { class: "stack", method: "dialog", data: { scripted: "" } }, h("h2", { id, text: title }), ...content, problem);
  const cancel = h("button", { class: "btn", type: "button", text: t("dialog.cancel"), on: { click: () => dialog.close() } });
  form.append(h("div", { class: "row" }, go, cancel));
  const dialog = h("dialog", { class: "card planner-dialog", "aria-labelledby": id }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "";
    go.setAttribute("aria-busy", "true");
    try {
      await act(new FormData(form), pressed);
      dialog.close();
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    } finally {
      go.removeAttribute("aria-busy");
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * A field with its label.
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} control
 */
export function field(label, control) {
  control.id ||= `field-${++count}`;
  return h("div", { class: "field" }, h("label", { for: control.id, text: label }), control);
}
