// One task: what and where, a photo and a word, done or not; kept on the phone until the station has it.

import { metres } from "../shared/dayorder.js";
import { fill, h, toast } from "../shared/dom.js";
import { explain, send } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { dropAddition } from "./additions.js";
import { readOne } from "./database.js";
import { alertBox, button, buttonLink, facts } from "./parts.js";
import { NotAPicture, reduced } from "./photos.js";
import { watchPosition } from "./position.js";
import { queueNow } from "./queue.js";
import { uuid } from "./sha256.js";
import * as store from "./store.js";
import { badge, distance, lastPlace } from "./tasks.js";
import { count, resultsWaiting, tasksOf } from "./taskwatch.js";

/** @typedef {import("./taskwatch.js").Task} Task */
/** @typedef {import("./context.js").Context} Context */

/** Farther away the result is marked at the station. */
const NEAR_M = 100;
const LOOK_MS = 20_000;

/** @type {import("./context.js").Screen} */
export async function taskScreen(root, context, id) {
  const task = (await tasksOf(context.person)).find((each) => each.id === id);
  const mine = (await resultsWaiting(context.person)).get(id);
  if (!task) {
    fill(root, h("h1", { tabindex: "-1", text: t("tasks.title") }), h("p", { class: "empty", text: t("task.gone") }), back());
    return;
  }
  const away = h("p", { class: "muted", role: "status", id: "away" });
  const form = task.verbs.includes("finish") && !mine ? new ResultForm(task, context) : null;
  fill(
    root,
    h("h1", { tabindex: "-1", text: task.kind_title }),
    h("p", { class: "row" }, badge(task, mine)),
    h(
      "section",
      { class: "card stack" },
      h("p", { class: "said", text: task.words }),
      facts([
        [t("fact.grid"), task.grid],
        [t("where.address.short"), task.address],
        [t("task.due"), `${dateTime(task.due_from)} – ${dateTime(task.due_until)}`],
        [t("task.from"), task.given_by],
        [t("task.taken"), task.taken_by],
        [t("task.case"), task.case ? `${task.case.title} ${task.case.number}` : ""],
      ]),
      away,
      h("a", { class: "btn", href: `geo:${task.lat.toFixed(6)},${task.lon.toFixed(6)}?q=${task.lat.toFixed(6)},${task.lon.toFixed(6)}` }, t("task.map")),
    ),
    mine ? waits(mine, context) : null,
    form?.element ?? null,
    task.result && !mine ? result(task.result) : null,
    back(),
  );
  const told = (/** @type {import("./position.js").Fix | null} */ fix) => {
    if (!fix) return;
    const m = metres(fix, task);
    away.textContent = t(m > NEAR_M ? "task.far" : "task.near", { m: distance(m) });
    if (form) form.place = fix;
  };
  told(lastPlace());
  return watchPosition(told, (reason) => {
    if (reason && !form?.place) away.textContent = t("task.nowhere");
  });
}

function back() {
  return h("div", { class: "action-bar" }, buttonLink("#/tasks", t("tasks.title")));
}

/** Photo, words, done or not done; taking a task of the team or grid on. */
class ResultForm {
  /**
   * @param {Task} task
   * @param {Context} context
   */
  constructor(task, context) {
    this.task = task;
    this.context = context;
    /** @type {import("./position.js").Fix | null} */
    this.place = null;
    /** @type {Blob | null} */
    this.photo = null;
    this.note = h("textarea", { id: "result-note", rows: 3, maxlength: 1000 });
    this.complaint = h("p", { class: "error", role: "alert", hidden: true });
    this.shown = h("div", { class: "photos", id: "result-photo" });
    const look = task.kind === "look_back";
    this.buttons = [
      button(t(look ? "task.fine" : "task.done"), () => this.tell("done"), { primary: true, id: "task-done" }),
      button(t(look ? "task.notfine" : "task.failed"), () => this.tell("failed"), { id: "task-failed" }),
    ];
    const take = task.verbs.includes("take") && task.state === "open" ? button(t("task.take"), () => this.take(), { id: "task-take" }) : null;
    this.element = h(
      "section",
      { class: "card stack", id: "result" },
      h("h2", { text: t("task.result") }),
      take,
      this.camera(),
      this.shown,
      h("div", { class: "field" }, h("label", { for: "result-note", text: t("task.note") }), this.note),
      this.complaint,
      h("div", { class: "row pair" }, this.buttons),
    );
  }

  camera() {
    const input = h("input", { type: "file", id: "task-photo", accept: "image/*", on: { change: () => this.picture(input) } });
    return h("label", { class: "btn photo-button" }, input, h("span", { text: t("more.photo") }));
  }

  /** @param {HTMLInputElement} input */
  async picture(input) {
    const [file] = input.files ?? [];
    input.value = "";
    if (!file) return;
    try {
      this.photo = await reduced(new Blob([await file.arrayBuffer()], { type: file.type }));
      const address = URL.createObjectURL(this.photo);
      const image = h("img", { src: address, alt: t("photo.number", { n: 1 }), on: { load: () => URL.revokeObjectURL(address) } });
      fill(this.shown, image);
      this.complaint.hidden = true;
    } catch (error) {
      this.complain(error instanceof NotAPicture ? t("photo.unreadable") : explain(error));
    }
  }

  /** @param {string} words */
  complain(words) {
    this.complaint.textContent = words;
    this.complaint.hidden = false;
  }

  async take() {
    try {
      await send(`/api/v1/tasks/${this.task.id}/take`, null);
      toast(t("task.yours"));
    } catch (error) {
      return this.complain(explain(error));
    }
    this.context.again();
  }

  /** @param {"done" | "failed"} outcome */
  async tell(outcome) {
    const note = this.note.value.trim();
    if (outcome === "failed" && !note) {
      this.complain(t("task.why"));
      return this.note.focus();
    }
    for (const each of this.buttons) each.disabled = true;
    const { person } = this.context;
    const id = uuid();
    const task = { id: this.task.id, title: this.task.words, outcome, place: this.place };
    await store.keepAddition({ id, person, case_id: "", note, blob: this.photo, at: new Date().toISOString(), task });
    await Promise.race([queueNow(), new Promise((done) => setTimeout(done, LOOK_MS))]);
    const left = await readOne("additions", id);
    await count(person);
    toast(t(left ? "task.kept" : "task.sent"));
    if (left?.halted) return this.context.again();
    this.context.go("#/tasks");
  }
}

/**
 * What was done here and is not at the station yet, or what the station would not have.
 * @param {import("./records.js").Addition} mine
 * @param {Context} context
 */
function waits(mine, context) {
  const words = mine.task?.outcome === "done" ? t("task.done.here") : t("task.failed.here");
  const away = button(t("more.drop"), () => dropAddition(mine.id).then(context.again), { id: "drop-result" });
  return h(
    "section",
    { class: "card stack", id: "waiting-result" },
    h("p", { text: `${words} ${dateTime(mine.at)}` }),
    mine.note ? h("p", { class: "said", text: mine.note }) : null,
    mine.halted ? alertBox(mine.error || t("task.refused"), "error") : h("p", { class: "muted", text: t("task.waits.words") }),
    mine.halted ? away : null,
  );
}

/** @param {NonNullable<Task["result"]>} told */
function result(told) {
  return h(
    "section",
    { class: "card stack" },
    h("h2", { text: t("task.result") }),
    facts([
      [t("task.at"), dateTime(told.at)],
      [t("task.by"), told.by],
      [t("task.note.short"), told.note],
      [t("task.flags"), told.flags.map((flag) => flag.title).join(" · ")],
    ]),
    told.photos.length ? h("div", { class: "photos" }, told.photos.map((src, n) => h("img", { src, alt: t("photo.number", { n: n + 1 }) }))) : null,
  );
}
