// What was found, worst first; a section can be folded.
function entry(model, item, word) {
  const li = el("li", "finding")
  li.append(el("span", `mark ${toneOf(word)}`, icon(word, 13)))
  const body = el("div", "body", el("p", "sentence", item.sentence))
  const meta = el("p", "meta", link(model, "more", item, item.title))
  if (item.citation) meta.append(el("span", "", ` · ${item.citation}`))
  if (!item.required) meta.append(el("span", "", " · not required"))
  body.append(meta)
  li.append(body)
  return li
}
function section(model, part, open) {
  const list = el("ul", "", ...part.items.map((item) => entry(model, item, part.word)))
  const head = el("summary", "", attrs(el("h3", "", badge(part.word, part.title)), {}))
  const box = el("details", "part", head, list)
  box.open = open
  return box
}
export function render({model}) {
  const node = attrs(el("section", "findings"), {"aria-label": "Findings"})
  const draw = () => {
    node.replaceChildren(el("h2", "", "Findings"))
    if (!model.sections.length) node.append(el("p", "muted none-text", "No check was asked for, so there is nothing to find."))
    for (const part of model.sections) node.append(section(model, part, part.open))
  }
  redraw(model, ["sections"], draw)
  return node
}
