// Calls about one case: those that were made, and a button to call about it.

import { Board, dressed } from "../calls/board.js";
import { callForm, openDialog } from "../calls/form.js";
import { byId, toast } from "../shared/dom.js";
import { explain } from "../shared/http.js";
import { load, t } from "../shared/i18n.js";
import { onNews } from "./case_live.js";

const box = byId("case-calls");
const { case: case_id = "", police } = box.dataset;

await Promise.all([load("office"), dressed(load("calls"))]);
const board = new Board(byId("case-call-list"), { query: `case_id=${case_id}&limit=20`, links: false });
byId("case-call").addEventListener("click", () =>
  openDialog(t("calls.about_case"), (close) =>
    callForm({
      police: police === "yes",
      place: () => null,
      case_id,
      done: () => {
        close();
        board.hear();
      },
    }),
  ),
);
onNews("call", box, () => board.hear());
await board.load().catch((error) => toast(explain(error)));
