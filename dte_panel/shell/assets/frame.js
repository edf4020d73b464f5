// Head of a card: title, one line on what it tells, the definitions behind an "i", downloads and full screen.
const SIGNS = {
  full: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  more: "M3.2 8h.1M8 8h.1M12.8 8h.1",
}
function definition(item) {
  const dl = el("dl")
  for (const [name, text] of item.facts) dl.append(el("div", "", el("dt", "", name), el("dd", name === "Formula" ? "formula" : "", text)))
  return el("div", "def", item.title ? el("h3", "", item.title) : null, item.definition ? el("p", "", item.definition) : null, dl)
}
function round(cls, label, child) {
  return attrs(el("button", `round ${cls}`, child), {type: "button", "aria-label": label, title: label})
}
const sign = (name) => svg("svg", {class: "icon", viewBox: "0 0 16 16", width: 15, height: 15, "aria-hidden": "true"}, svg("path", {d: SIGNS[name]}))

function info(model, node) {
  const panel = attrs(el("div", "panel"), {hidden: ""})
  const button = attrs(round("info", `How ${model.title} is defined`, "i"), {"aria-expanded": "false"})
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden
    button.setAttribute("aria-expanded", String(!panel.hidden))
    if (!panel.firstChild) panel.append(...model.definitions.map(definition))
  })
  return [button, panel]
}
// The card over the whole page. Not the browser's full screen: that hides the menus of the view's own widgets.
function fullscreen(model, view) {
  const button = attrs(round("full", `Full screen: ${model.title}`, sign("full")), {"aria-pressed": "false"})
  const card = () => view.parent.el
  const set = (on) => {
    card().toggleAttribute("data-full", on)
    button.setAttribute("aria-pressed", String(on))
    const figures = figuresIn(view.parent)
    const rows = new Set(figures.map((v) => Math.round(v.el.getBoundingClientRect().top))).size
    const tall = on && rows ? `${Math.max(280, (innerHeight - 200) / rows)}px` : ""
    for (const v of figures) v.el.style.setProperty("height", tall, "important")
    document[on ? "addEventListener" : "removeEventListener"]("keydown", leave, true)
    if (!on) { card().scrollIntoView({block: "nearest"}); button.focus() }
  }
  const leave = (event) => {
    if (event.key !== "Escape") return
    event.stopPropagation()
    set(false)
  }
  button.addEventListener("click", () => set(button.getAttribute("aria-pressed") !== "true"))
  model.on("remove", () => document.removeEventListener("keydown", leave, true))
  return button
}
function menu(model, view, node) {
  const list = attrs(el("div", "menu"), {popover: "auto"})
  const button = attrs(round("more", `Download ${model.title}`, sign("more")), {"aria-expanded": "false"})
  const item = (label, run) => {
    const one = attrs(el("button", "", label), {type: "button"})
    one.addEventListener("click", () => { list.hidePopover(); button.focus(); run() })
    list.append(one)
  }
  list.addEventListener("toggle", (event) => button.setAttribute("aria-expanded", String(event.newState === "open")))
  list.addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key]
    if (!step) return
    event.preventDefault()
    const every = [...list.children], now = every.indexOf(list.getRootNode().activeElement)
    every[(now + step + every.length) % every.length].focus()
  })
  button.addEventListener("click", () => {
    const figures = figuresIn(view.parent)
    list.replaceChildren()
    if (figures.length) {
      item("Download as PNG", async () => save(await asPng(model, figures, node), `${model.file}.png`))
      item("Download as SVG", () => save(asSvg(model, figures, node), `${model.file}.svg`))
    }
    if (model.sheets) item("Download as CSV", () => model.send_msg({act: "csv"}))
    if (!list.children.length) list.append(el("p", "muted", "Nothing to download."))
    list.showPopover()
    const at = button.getBoundingClientRect(), box = list.getBoundingClientRect()
    list.style.left = `${Math.max(8, at.right - box.width)}px`
    list.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - box.height - 8))}px`
    list.querySelector("button")?.focus()
  })
  return [button, list]
}
export function render({model, view}) {
  const node = el("div", "frame")
  const draw = () => {
    const tools = el("div", "tools"), row = el("div", "row", el("h2", "", model.title), tools)
    node.replaceChildren(row)
    if (model.description) node.append(el("p", "muted description", model.description))
    if (model.definitions.length && model.open) node.append(el("div", "panel", ...model.definitions.map(definition)))
    else if (model.definitions.length) {
      const [button, panel] = info(model, node)
      tools.append(button)
      node.append(panel)
    }
    if (model.full) tools.append(fullscreen(model, view), ...menu(model, view, node))
  }
  redraw(model, ["title", "description", "definitions", "open"], draw)
  model.on("sheet", () => save(new Blob(["\ufeff", model.sheet.text], {type: "text/csv;charset=utf-8"}), `${model.file}.csv`))
  return node
}
