// The alarm in the bar: how many jobs of the machine were given up.

import { getJson } from "../shared/http.js";

const link = document.querySelector("a[data-dead-jobs]");
const badge = link?.querySelector(".badge");
if (badge instanceof HTMLElement) {
  // Without an answer the bar stays as it is: the page itself is what was asked for.
  const counts = await getJson("/api/v1/jobs/counts").catch(() => null);
  if (counts?.dead) {
    badge.textContent = String(counts.dead);
    badge.hidden = false;
    link?.closest("details")?.querySelector("summary")?.setAttribute("data-alarm", "");
  }
}
