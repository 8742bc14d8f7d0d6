// The phone's own position, for at most 15 seconds; never something that a report waits for.

/** @typedef {{lon: number, lat: number, accuracy_m: number | null}} Fix */
/** @typedef {"insecure" | "denied" | "timeout" | "unavailable"} Reason */

const GOOD_M = 15;
const LONGEST_MS = 15_000;

/**
 * Watch the position: `onFix` for each better fix, `onEnd` once, with a reason when there was none.
 * @param {(fix: Fix) => void} onFix
 * @param {(reason: Reason | "") => void} onEnd
 * @returns {() => void} stops the watch
 */
export function watchPosition(onFix, onEnd) {
  if (!("geolocation" in navigator) || !isSecureContext) {
    onEnd(isSecureContext ? "unavailable" : "insecure");
    return () => {};
  }
  /** @type {Fix | null} */
  let best = null;
  let over = false;
  /** @param {Reason | ""} reason */
  const end = (reason) => {
    if (over) return;
    over = true;
    clearTimeout(clock);
    navigator.geolocation.clearWatch(watch);
    onEnd(best ? "" : reason);
  };
  const clock = setTimeout(() => end("timeout"), LONGEST_MS);
  const watch = navigator.geolocation.watchPosition(
    ({ coords }) => {
      const fix = { lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy > 0 ? coords.accuracy : null };
      if (over || (best && worse(fix, best))) return;
      best = fix;
      onFix(fix);
      if (fix.accuracy_m !== null && fix.accuracy_m <= GOOD_M) end("");
    },
    (error) => end(error.code === 1 ? "denied" : error.code === 3 ? "timeout" : "unavailable"),
    { enableHighAccuracy: true, timeout: LONGEST_MS, maximumAge: 0 },
  );
  return () => end("");
}

/**
 * @param {Fix} fix
 * @param {Fix} best
 */
function worse(fix, best) {
  return (fix.accuracy_m ?? Infinity) >= (best.accuracy_m ?? Infinity);
}
