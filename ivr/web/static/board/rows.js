// The rows of a table, changed in place, so that what has the focus keeps it. Rows that can be chosen begin with a radio
// button: one stop of the Tab key for all, the arrows go from row to row.

export class Rows {
  #rows = new Map(); // key → row

  constructor(table, labels) {
    this.name = table.dataset.rows;
    this.body = table.tBodies[0];
    this.empty = labels[`no_${this.name}`] ?? "–";
    this.columns = table.tHead.rows[0].cells.length;
    this.body.addEventListener("click", ({ target }) => target.closest("tr")?.querySelector("input")?.click());
  }

  // The key of the row that is chosen, "" for none.
  get chosen() {
    return this.body.querySelector("input:checked")?.value ?? "";
  }

  // `rows`: [key, cells, whether it can be chosen, tone], each cell a text, or { since } for a clock.
  show(rows) {
    const focused = this.body.contains(document.activeElement) && document.activeElement;
    const keys = new Set(rows.map(([key]) => key));
    for (const [key, row] of this.#rows) if (!keys.has(key)) row.remove(), this.#rows.delete(key);
    rows.forEach(([key, cells, choosable, tone = ""], place) => {
      const row = this.#rows.get(key) ?? this.#make(key, cells, choosable);
      if (this.body.rows[place] !== row) this.body.insertBefore(row, this.body.rows[place] ?? null);
      row.dataset.state = tone;
      cells.forEach((cell, number) => put(row.cells[number].querySelector("[data-cell]"), cell));
    });
    if (focused && focused.isConnected) focused.focus(); // a row that has moved has lost it
    if (rows.length) this.body.querySelector(".empty")?.remove();
    else if (!this.body.querySelector(".empty")) this.#sayEmpty();
  }

  #make(key, cells, choosable) {
    const row = document.createElement("tr");
    for (const number of cells.keys()) {
      const place = document.createElement(number === 0 && choosable ? "label" : "span");
      const text = place.appendChild(document.createElement("span"));
      text.dataset.cell = "";
      if (number === 0 && choosable) place.prepend(radio(this.name, key));
      row.insertCell().append(place);
    }
    this.#rows.set(key, row);
    return row;
  }

  #sayEmpty() {
    const row = this.body.insertRow(), cell = row.insertCell();
    row.className = "empty";
    cell.colSpan = this.columns;
    cell.textContent = this.empty;
  }
}

function radio(name, value) {
  const made = document.createElement("input");
  Object.assign(made, { type: "radio", name: `${name}-chosen`, value });
  return made;
}

function put(place, cell) {
  if (typeof cell === "object") return (place.dataset.since = cell.since);
  delete place.dataset.since;
  if (place.textContent !== String(cell)) place.textContent = cell;
}
