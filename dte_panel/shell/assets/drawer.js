// One measurement explained, at the side of the page. Escape closes it; the arrows go to the next and back.
function facts(list) {
  const dl = el("dl")
  for (const [name, text] of list) dl.append(el("div", "", el("dt", "", name), el("dd", name === "Formula" ? "formula" : "", text)))
  return dl
}
export function render({model}) {
  const node = attrs(el("aside", "about"), {"aria-label": "About the chosen measurement", tabindex: "-1", hidden: ""})
  let from = null
  const button = (label, sign, run) => {
    const one = attrs(el("button", "round", sign), {type: "button", "aria-label": label, title: label})
    one.addEventListener("click", run)
    return one
  }
  const deepest = () => {
    let at = document.activeElement
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement
    return at
  }
  const close = () => { model.send_msg({choose: -1}); from?.focus() }
  const step = (rows) => model.send_msg({step: rows})
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close() }
    if (event.key === "ArrowRight") step(1)
    if (event.key === "ArrowLeft") step(-1)
  })
  const draw = () => {
    const item = model.item, open = !!item.title
    if (open && node.hidden) from = deepest()
    const opening = open && node.hidden
    node.hidden = !open
    if (!open) { node.replaceChildren(); return }
    const tools = el("div", "tools", button("Previous measurement", "←", () => step(-1)), button("Next measurement", "→", () => step(1)), button("Close", "×", close))
    const lead = el("p", "number tabular", item.number)
    if (item.word) lead.append(" ", badge(item.word))
    node.replaceChildren(el("div", "row", el("h2", "", item.title), tools), el("p", "muted", item.place), lead)
    if (item.note) node.append(el("p", "note", item.note))
    if (item.definition) node.append(el("p", "", item.definition))
    for (const [name, list] of item.sections) node.append(el("h3", "", name), facts(list))
    node.scrollTop = 0
    if (opening) node.focus()
  }
  redraw(model, ["item"], draw)
  return node
}
