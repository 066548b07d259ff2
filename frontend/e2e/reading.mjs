/** Everything the page shows, read in one go: panel id → version, state, single values, rows. */
export function readPage(page) {
  return page.evaluate(() => {
    const value = (element) => ({ value: element.dataset.value, text: element.textContent.trim() });
    const cells = (root) =>
      Object.fromEntries([...root.querySelectorAll("[data-testid][data-value]")].map((e) => [e.dataset.testid, value(e)]));
    const panels = [...document.querySelectorAll("[data-testid^='panel-']")].map((panel) => {
      const rows = [...panel.querySelectorAll("[data-testid$='-row']")];
      return [
        panel.dataset.testid.slice("panel-".length),
        {
          state: panel.dataset.state,
          busy: panel.getAttribute("aria-busy") === "true",
          version: panel.dataset.version === undefined ? null : Number(panel.dataset.version),
          asOf: panel.dataset.asOf ?? null,
          singles: cells(panel),
          rows: rows.map((row) => ({ key: row.dataset.key, cells: cells(row) })),
        },
      ];
    });
    return {
      mode: document.querySelector("[data-testid='header']")?.dataset.mode ?? null,
      freshness: document.querySelector("[data-testid='freshness']")?.dataset.value ?? null,
      completeThrough: document.querySelector("[data-testid='complete-through']")?.dataset.value ?? null,
      notice: document.querySelector("[data-testid='notice']")?.textContent ?? null,
      minutes: Number(document.querySelector("[data-testid='window']")?.dataset.value),
      panels: Object.fromEntries(panels),
    };
  });
}
