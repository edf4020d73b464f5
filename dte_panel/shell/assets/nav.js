// The menu: one link per page, with the verdict of each provider.
export function render({model}) {
  const node = attrs(el("nav"), {"aria-label": "Pages"})
  const draw = () => {
    const groups = new Map()
    for (const item of model.items) {
      if (!groups.has(item.group)) groups.set(item.group, [])
      groups.get(item.group).push(item)
    }
    const parts = []
    for (const [name, items] of groups) {
      const list = el("ul")
      for (const item of items) {
        const a = link(model, "item", item, el("span", "label", item.title))
        if (item.word) a.append(attrs(el("span", `dot ${toneOf(item.word)}`, icon(item.word, 12)), {title: WORDS[item.word]}),
          el("span", "sr", `: ${WORDS[item.word] || ""}`))
        if (item.current) a.setAttribute("aria-current", "page")
        list.append(el("li", "", a))
      }
      if (name) parts.push(el("p", "group", name))
      parts.push(list)
    }
    node.replaceChildren(...parts)
  }
  redraw(model, ["items"], draw)
  return node
}
