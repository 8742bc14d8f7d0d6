// The button that prints a page of sheets.

document.getElementById("print")?.addEventListener("click", () => window.print());
