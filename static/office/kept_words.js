// Words of a step that outlast loading the case again.

/** Words that were written for a step outlast loading the case again, when somebody else was faster. */
export class Words {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.field = /** @type {HTMLTextAreaElement | null} */ (form.querySelector("textarea[name=note]"));
    this.key = `words ${form.getAttribute("action")}`;
    const kept = sessionStorage.getItem(this.key);
    if (this.field && kept && !this.field.value) {
      this.field.value = kept;
      form.closest("details")?.setAttribute("open", "");
      form.closest(".more-steps")?.setAttribute("open", "");
    }
  }

  keep() {
    if (this.field?.value) sessionStorage.setItem(this.key, this.field.value);
  }

  forget() {
    sessionStorage.removeItem(this.key);
  }
}
