// How long the clocks of calls run: the chief sets it.

import { byId, toast } from "../shared/dom.js";
import { send } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { sending } from "./problems.js";

await Promise.all([load("office"), load("calls")]);

const form = /** @type {HTMLFormElement} */ (byId("limits"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void sending(form, async () => {
    const given = new FormData(form);
    const part = (/** @type {string} */ name) => ({
      acknowledge_s: Number(given.get(`${name}.acknowledge_s`)),
      response_s: Number(given.get(`${name}.response_s`)),
    });
    const [night_from, night_to] = [given.get("night_from"), given.get("night_to")];
    await send("/api/v1/calls/limits", { day: part("day"), night: part("night"), night_from, night_to, close_h: Number(given.get("close_h")) }, { method: "PUT" });
    toast(t("calls.saved"));
  });
});
