// Head of a card: title, one line on what it tells, and the definitions behind an "i".
function definition(item) {
  const dl = el("dl")
  for (const [name, text] of item.facts) dl.append(el("div", "", el("dt", "", name), el("dd", "", text)))
  return el("div", "def", item.title ? el("h3", "", item.title) : null, item.definition ? el("p", "", item.definition) : null, dl)
}
export function render({model}) {
  const node = el("div", "frame")
  const draw = () => {
    const row = el("div", "row", el("h2", "", model.title))
    node.replaceChildren(row)
    if (model.description) node.append(el("p", "muted description", model.description))
    if (!model.definitions.length) return
    if (model.open) { node.append(el("div", "panel", ...model.definitions.map(definition))); return }
    const panel = attrs(el("div", "panel"), {hidden: ""})
    const button = attrs(el("button", "info", "i"), {type: "button", "aria-expanded": "false", "aria-label": `How ${model.title} is defined`, title: "Definition"})
    button.addEventListener("click", () => {
      panel.hidden = !panel.hidden
      button.setAttribute("aria-expanded", String(!panel.hidden))
      if (!panel.firstChild) panel.append(...model.definitions.map(definition))
    })
    row.append(button)
    node.append(panel)
  }
  redraw(model, ["title", "description", "definitions", "open"], draw)
  return node
}
