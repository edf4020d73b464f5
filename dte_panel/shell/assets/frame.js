// Head of a card: title, one line on what it tells, and the definitions behind an "i".
function definition(item) {
  const dl = el("dl")
  for (const [name, text] of item.facts) dl.append(el("div", "", el("dt", "", name), el("dd", "", text)))
  return el("div", "def", el("h3", "", item.title), el("p", "", item.definition || ""), dl)
}
export function render({model}) {
  const node = el("div", "frame")
  const draw = () => {
    const row = el("div", "row", el("h2", "", model.title))
    node.replaceChildren(row)
    if (model.description) node.append(el("p", "muted description", model.description))
    if (!model.definitions.length) return
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
  redraw(model, ["title", "description", "definitions"], draw)
  return node
}
