// The typed questions of a hazard class as form fields, made from their declaration.

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { button } from "./parts.js";
import { TEXT_LIMIT, asked, readNumber } from "./rules.js";

/** @typedef {import("./records.js").Question} Question */

/**
 * Keeps the fields of a form, shows and hides what is relevant, puts messages beside the fields.
 */
export class QuestionForm {
  /**
   * @param {Question[]} questions
   * @param {Record<string, any>} answers changed in place
   * @param {() => void} onChange
   */
  constructor(questions, answers, onChange) {
    this.questions = questions.filter((question) => question.kind !== "photo");
    this.answers = answers;
    this.onChange = onChange;
    /** @type {Map<string, {field: HTMLElement, error: HTMLElement}>} */
    this.fields = new Map();
    this.element = h("div", { class: "stack" }, this.questions.map((question) => this.field(question)));
    this.refresh();
  }

  /** @param {Question} question */
  field(question) {
    const error = h("p", { class: "error", id: `error-${question.name}`, hidden: true });
    const field = this.control(question, error);
    field.append(error);
    this.fields.set(question.name, { field, error });
    return field;
  }

  /**
   * @param {Question} question
   * @param {HTMLElement} error
   */
  control(question, error) {
    const required = question.required ? { required: "" } : {};
    if (question.kind === "choice" || question.kind === "yesno") {
      const legend = h("legend", { data: required, text: question.title });
      const made = { class: "field", "aria-describedby": error.id, data: { question: question.name } };
      return h("fieldset", made, legend, this.choices(question));
    }
    const id = `q-${question.name}`;
    const label = h("label", { for: id, data: required, text: question.title });
    return h("div", { class: "field", data: { question: question.name } }, label, this.input(question, id, error.id));
  }

  /** @param {Question} question */
  choices(question) {
    const options =
      question.kind === "yesno"
        ? [{ value: true, title: t("yes") }, { value: false, title: t("no") }]
        : (question.choices ?? []);
    const labels = options.map((option) => {
      const input = h("input", {
        type: "radio",
        name: question.name,
        value: String(option.value),
        checked: this.answers[question.name] === option.value,
        on: { change: () => this.answer(question.name, option.value) },
      });
      return h("label", { class: "choice" }, input, h("span", { text: option.title }));
    });
    return h("div", { class: question.kind === "yesno" || labels.length > 3 ? "choices pair" : "choices" }, labels);
  }

  /**
   * @param {Question} question
   * @param {string} id
   * @param {string} describedBy
   */
  input(question, id, describedBy) {
    const value = this.answers[question.name] ?? "";
    const common = { id, value, "aria-describedby": describedBy, autocomplete: "off" };
    const heard = { on: { input: (/** @type {any} */ event) => this.answer(question.name, event.target.value) } };
    if (question.kind === "number") return this.stepper(question, { ...common, ...heard });
    if (question.kind === "date") return h("input", { type: "date", ...common, ...heard, max: today() });
    return h("textarea", { rows: 2, maxlength: TEXT_LIMIT, ...common, ...heard });
  }

  /**
   * A number with a button for less and one for more: quicker than the keyboard for small numbers.
   * @param {Question} question
   * @param {Record<string, any>} made
   */
  stepper(question, made) {
    const input = h("input", { inputmode: "decimal", maxlength: 12, ...made });
    const low = question.low ?? 0;
    const high = question.high ?? 1_000_000;
    /** @param {number} by */
    const step = (by) => {
      const now = readNumber(input.value);
      const next = now === null ? Math.max(low, Math.min(high, by > 0 ? 1 : 0)) : now + by;
      input.value = String(Math.max(low, Math.min(high, next)));
      this.answer(question.name, input.value);
    };
    const less = button("−", () => step(-1));
    const more = button("+", () => step(1));
    less.setAttribute("aria-label", t("number.less", { title: question.title }));
    more.setAttribute("aria-label", t("number.more", { title: question.title }));
    return h("div", { class: "stepper" }, less, input, more);
  }

  /**
   * @param {string} name
   * @param {any} value
   */
  answer(name, value) {
    this.answers[name] = value;
    this.complain(name, "");
    this.refresh();
    this.onChange();
  }

  /** Show only the questions that are asked, given the answers so far. */
  refresh() {
    for (const question of this.questions) {
      const { field } = this.fields.get(question.name) ?? {};
      if (field) field.hidden = !asked(question, this.answers);
    }
  }

  /**
   * Put a message beside a field, or take it away. Returns the field.
   * @param {string} name
   * @param {string} text
   */
  complain(name, text) {
    const found = this.fields.get(name);
    if (!found) return null;
    found.error.textContent = text;
    found.error.hidden = !text;
    for (const control of found.field.querySelectorAll("input, textarea")) {
      if (text) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
    return found.field;
  }
}

/** Today's date where the station is. */
function today() {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
}
