// A table of ours: a real <table> with a caption. Sorting and choosing a row are told to the server.
function cell(model, column, value) {
  const td = el("td", column.align === "right" ? "number" : column.wide ? "wide" : "")
  if (column.kind === "verdict") td.append(value ? badge(value) : el("span", "muted", "–"))
  else if (column.kind === "state") td.append(badge(value.word, value.text))
  else if (column.kind === "link") td.append(link(model, "more", value, value.text))
  else {
    td.textContent = value == null ? "–" : value
    if (td.textContent.length < 16) td.classList.add("short")
  }
  return td
}
function heading(model, column) {
  const th = attrs(el("th", column.align === "right" ? "number" : ""), {scope: "col"})
  if (!model.sortable) { th.textContent = column.label; return th }
  const now = model.sorted === column.key ? "ascending" : model.sorted === `-${column.key}` ? "descending" : null
  const mark = now === "ascending" ? " ↑" : now === "descending" ? " ↓" : ""
  const button = attrs(el("button", "sort", column.label, attrs(el("span", "", mark), {"aria-hidden": "true"})), {type: "button"})
  button.addEventListener("click", () => model.send_msg({sort: now === "ascending" ? `-${column.key}` : column.key}))
  if (now) th.setAttribute("aria-sort", now)
  th.append(button)
  return th
}
function table(model) {
  const node = el("table", "", el("caption", model.caption_shown ? "" : "sr", model.caption))
  node.append(el("thead", "", el("tr", "", ...model.columns.map((column) => heading(model, column)))))
  const body = el("tbody")
  model.rows.forEach((row, i) => {
    const tr = el("tr", model.selectable ? "choice" : "", ...model.columns.map((column, j) => cell(model, column, row[j])))
    if (model.selectable) {
      const first = tr.firstElementChild, text = first.textContent
      const button = attrs(el("button", "choose", text), {type: "button", "aria-expanded": String(model.chosen === i)})
      first.replaceChildren(button)
      if (model.chosen === i) tr.classList.add("chosen")
      tr.addEventListener("click", () => model.send_msg({choose: i}))
    }
    body.append(tr)
  })
  node.append(body)
  return node
}
export function render({model}) {
  const node = el("div", "twin")
  const draw = () => {
    const scroll = attrs(el("div", "scroll"), {tabindex: "0", role: "region", "aria-label": model.caption})
    const fill = () => scroll.replaceChildren(table(model))
    const note = model.note ? el("p", "note muted", model.note) : null
    if (!model.folded) { fill(); node.replaceChildren(scroll, ...(note ? [note] : [])); return }
    const box = el("details", "fold", el("summary", "", model.folded), scroll, note)
    if (node.firstChild?.open) { box.open = true; fill() } // what the reader has opened stays open when numbers change
    box.addEventListener("toggle", () => { if (box.open && !scroll.firstChild) fill() })
    node.replaceChildren(box)
  }
  redraw(model, ["columns", "rows", "caption", "note", "sorted", "chosen"], draw)
  return node
}
