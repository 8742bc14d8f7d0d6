// Rules of look-backs: the chief sets after how many days closed cases are looked at again.

import { byId } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { sending, say } from "./problems.js";

await load("tasks");

const form = /** @type {HTMLFormElement} */ (byId("look-back-rule"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sending(form, set);
});
document.documentElement.dataset.ready = "rules";

async function set() {
  const said = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
  const days = (said.days ?? "").split(/[,，、;；\s]+/).filter(Boolean);
  if (days.some((day) => !/^\d{1,3}$/.test(day))) return say(form, t("tasks.rule_days"));
  if (!days.length && !confirm(t("tasks.rule_never"))) return;
  const wish = {
    class_code: said.class_code || null,
    priority: Number(said.priority),
    days: days.map(Number),
    jitter_days: Number(said.jitter_days),
    valid_from: said.valid_from,
  };
  await send("/api/v1/look-back-rules", wish, { method: "PUT" });
  location.reload();
}
