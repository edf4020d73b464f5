// The name in the header; leads to the overview.
export function render({model}) {
  const node = el("div", "lead")
  redraw(model, ["item", "subtitle"], () => {
    const mark = svg("svg", {viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true", class: "mark"},
      svg("rect", {x: 1, y: 1, width: 22, height: 22, rx: 6}), svg("path", {d: "M6.5 12.5 10.5 16.5 17.5 8"}))
    node.replaceChildren(link(model, "home", model.item, mark, el("span", "name", "DTE Panel")))
    if (model.subtitle) node.append(el("span", "subtitle", model.subtitle))
  })
  return node
}
