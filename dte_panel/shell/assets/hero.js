// Head of a page: title, what it is about, and the verdict in words.
const LINE = ["pass", "warn", "not_evaluated", "error", "fail"]
function meter(counts) {
  const total = LINE.reduce((sum, word) => sum + (counts[word] || 0), 0)
  const bar = attrs(el("div", "meter"), {"aria-hidden": "true"})
  for (const word of [...LINE].reverse()) {
    if (!counts[word]) continue
    const part = el("span", toneOf(word))
    part.style.flexGrow = counts[word]
    bar.append(part)
  }
  return total ? bar : null
}
function tally(counts) {
  const list = el("ul", "tally")
  for (const word of [...LINE].reverse()) {
    if (counts[word]) list.append(el("li", toneOf(word), icon(word, 12), `${counts[word].toLocaleString("en")} ${WORDS[word].toLowerCase()}`))
  }
  return list
}
export function render({model}) {
  const node = el("header", "hero")
  const draw = () => {
    const head = el("div", "head", el("h1", "", model.title))
    if (model.facts.length) head.append(el("p", "facts muted", model.facts.join(" · ")))
    node.replaceChildren(head)
    if (!model.headline) return
    const banner = attrs(el("div", `banner ${toneOf(model.word)}`), {role: "status", "aria-live": "polite"})
    const text = el("div", "text", el("p", "headline", model.headline))
    for (const note of model.notes) text.append(el("p", "note", note))
    banner.append(el("span", "seal", icon(model.word, 20)), text)
    const side = el("div", "side", meter(model.counts), tally(model.counts))
    if (side.children.length) banner.append(side)
    node.append(banner)
  }
  redraw(model, ["title", "facts", "word", "headline", "notes", "counts"], draw)
  return node
}
