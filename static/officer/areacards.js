// Cards of what stands still: grids, places, tracks.

import { h } from "../shared/dom.js";
import { dateTime, has, number, t } from "../shared/i18n.js";

/** @typedef {import("./config.js").Feature} Feature */

/** @param {Feature} feature */
export function areaCard(feature) {
  const p = feature.properties;
  /** @type {[string, string][]} */
  const rows = [];
  if (p.code) rows.push([t("area.code"), p.code]);
  if (p.police_grid) rows.push([t("popup.police_grid"), p.police_grid]);
  if (p.kind && has(`area.kind_${p.kind}`)) rows.push([t("area.kind"), t(`area.kind_${p.kind}`)]);
  if (p.households !== undefined) rows.push([t("area.households"), number(p.households)]);
  if (p.population !== undefined) rows.push([t("area.population"), number(p.population)]);
  if (p.area_m2) rows.push([t("area.size"), t("area.hectares", { value: number(p.area_m2 / 10_000, 1) })]);
  if (p.band) rows.push([t("coverage.last_at"), p.last_at ? dateTime(p.last_at) : t("coverage.none")]);
  if (p.band) rows.push([t("coverage.minutes"), number(p.minutes)]);
  return h(
    "article",
    { class: "map-popup" },
    h("h3", { text: p.name }),
    h("dl", { class: "facts" }, rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })])),
  );
}

/** @param {Feature} feature */
export function placeCard(feature) {
  const { name, kind } = feature.properties;
  const said = has(`place.${kind}`) ? t(`place.${kind}`) : kind;
  return h("article", { class: "map-popup" }, h("h3", { text: name }), h("p", { class: "muted", text: said }));
}

/** @param {Feature} feature */
export function trackCard(feature) {
  const p = feature.properties;
  return h(
    "div",
    {},
    h("strong", { text: dateTime(p.started_at) }),
    h("div", { text: t("patrol.walked", { km: number((p.walked_m ?? 0) / 1000, 1) }) }),
  );
}
