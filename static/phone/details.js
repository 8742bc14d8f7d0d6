// Step 3: photos, the class's questions, a note; then send.

import { fill, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { change, draft, release } from "./draft.js";
import { sendReport } from "./outbox.js";
import { button, buttonLink, steps } from "./parts.js";
import { PhotoField } from "./photofield.js";
import { QuestionForm } from "./questions.js";
import { answerProblems } from "./rules.js";

/** @typedef {import("./records.js").Report} Report */
/** @typedef {import("./records.js").HazardClass} HazardClass */

/** @type {import("./context.js").Screen} */
export async function detailsScreen(root, context) {
  const present = draft();
  const chosen = context.classes.find((item) => item.code === present?.class_code);
  if (!present || !chosen) return context.go("#/what");
  if (!present.place) return context.go("#/where");
  const screen = new Details(context, present, chosen);
  await screen.build(root);
  return () => screen.photos.forget();
}

class Details {
  /**
   * @param {import("./context.js").Context} context
   * @param {Report} present
   * @param {HazardClass} chosen
   */
  constructor(context, present, chosen) {
    this.context = context;
    this.present = present;
    this.chosen = chosen;
    const asked = chosen.questions.find((question) => question.kind === "photo");
    const photo = { title: asked?.title ?? t("photo.title"), required: asked?.required ?? false };
    this.photos = new PhotoField(present.id, photo, () => this.summary.toggleAttribute("hidden", true));
    this.form = new QuestionForm(chosen.questions, present.answers, () => this.changed());
    this.summary = h("p", { class: "alert", role: "alert", data: { tone: "error" }, hidden: true });
    this.sendButton = button(t("send"), () => this.send(), { primary: true, drawing: "send", id: "send" });
  }

  /** @param {HTMLElement} root */
  async build(root) {
    fill(
      root,
      steps("details"),
      h("h1", { tabindex: "-1", text: t("details.title") }),
      this.said(),
      this.photos.element,
      this.form.element,
      this.noteField(),
      this.law(),
      this.summary,
      h("div", { class: "action-bar" }, buttonLink("#/where", t("back")), this.sendButton),
    );
    await this.photos.restore();
    this.showProblems(this.present.problems.map((problem) => ({ name: nameOf(problem.pointer), text: problem.detail })));
  }

  /** Keep what was answered; the summary counts what is no longer so. */
  changed() {
    this.summary.hidden = true;
    change({});
  }

  said() {
    const { ground, class_code } = this.present;
    const badge = h("span", { class: "badge", data: { class: class_code }, text: this.chosen.title });
    const where = ground ? t("ground.short", { ...ground }) : t("ground.later");
    return h("p", { class: "row said" }, badge, h("span", { text: where }));
  }

  noteField() {
    const input = h("textarea", {
      id: "note",
      rows: 3,
      maxlength: 2000,
      value: this.present.note,
      placeholder: t("note.example"),
      on: { input: () => change({ note: input.value }) },
    });
    return h("div", { class: "field" }, h("label", { for: "note", text: t("note.title") }), input);
  }

  law() {
    if (!this.chosen.law) return null;
    return h("details", { class: "card law" }, h("summary", { text: t("law.title") }), h("p", { text: this.chosen.law }));
  }

  /**
   * Put each message beside its field and go to the first. Returns whether there was none.
   * @param {{name: string, text: string}[]} problems
   */
  showProblems(problems) {
    for (const name of this.form.fields.keys()) this.form.complain(name, "");
    this.photos.complain("");
    /** @type {(HTMLElement | null)[]} */
    const places = problems.map(({ name, text }) =>
      name === "photo" ? this.photos.complain(text) : this.form.complain(name, text),
    );
    // What belongs to no field on this screen is said in the summary itself.
    const loose = problems.filter((_, i) => !places[i]).map((problem) => problem.text);
    const count = problems.length - loose.length;
    const words = [count ? t("problems.count", { n: count }) : "", ...loose].filter(Boolean).join(" ");
    this.summary.textContent = words;
    this.summary.hidden = !words;
    const first = places.find(Boolean);
    first?.scrollIntoView({ block: "center" });
    /** @type {HTMLElement | null | undefined} */
    const control = first?.querySelector("textarea, input:not([type=file])");
    control?.focus({ preventScroll: true });
    return problems.length === 0;
  }

  check() {
    const { questions } = this.chosen;
    const found = answerProblems(questions, this.present.answers, this.photos.photos.length);
    const photoNames = new Set(questions.filter((question) => question.kind === "photo").map(({ name }) => name));
    return this.showProblems(
      found.map(({ name, code, params }) => ({ name: photoNames.has(name) ? "photo" : name, text: t(code, params) })),
    );
  }

  async send() {
    if (this.sendButton.disabled) return;
    if (this.photos.busy) return fill(this.summary, t("photo.working")), void (this.summary.hidden = false);
    if (!this.check()) return;
    this.sendButton.disabled = true;
    this.sendButton.setAttribute("aria-busy", "true");
    fill(this.sendButton, t("sending"));
    await change({ problems: [], class_version: this.chosen.version });
    const report = await sendReport(this.present, this.chosen.questions);
    if (draft() === report) release();
    this.context.go(`#/result/${report.id}`);
  }
}

/**
 * The field that a pointer of the service names: /answers/wires is "wires", /files/<sha> the photos.
 * @param {string} pointer
 */
function nameOf(pointer) {
  const [, first = "", second = ""] = pointer.split("/");
  if (first === "answers") return second.replaceAll("~1", "/").replaceAll("~0", "~");
  return first === "files" ? "photo" : first;
}
