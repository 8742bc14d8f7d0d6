// What an addition becomes on the wire: words or a photo for a case, or the result of a task.

/**
 * @param {import("./records.js").Addition} item
 * @returns {{address: string, headers: Record<string, string>, body: FormData | string}}
 */
export function parcelOf(item) {
  if (item.task) return { address: `/api/v1/tasks/${item.task.id}/result`, headers: {}, body: resultForm(item, item.task) };
  const address = `/api/v1/cases/${item.case_id}`;
  if (item.blob) {
    const form = new FormData();
    form.append("photo", item.blob, "photo.jpg");
    return { address: `${address}/attachments`, headers: {}, body: form };
  }
  const body = JSON.stringify({ id: item.id, note: item.note });
  return { address: `${address}/notes`, headers: { "Content-Type": "application/json" }, body };
}

/**
 * @param {import("./records.js").Addition} item
 * @param {import("./records.js").TaskResult} task
 */
function resultForm(item, task) {
  const form = new FormData();
  form.append("id", item.id);
  form.append("outcome", task.outcome);
  form.append("note", item.note);
  form.append("at", item.at);
  if (task.place) {
    form.append("lon", String(task.place.lon));
    form.append("lat", String(task.place.lat));
    if (task.place.accuracy_m !== null) form.append("accuracy_m", String(task.place.accuracy_m));
  }
  if (item.blob) form.append("photo", item.blob, "photo.jpg");
  return form;
}
