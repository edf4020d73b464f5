// Helpers of every component. Text reaches the page through textContent and setAttribute only, never as HTML.
const NS = "http://www.w3.org/2000/svg"
const ICONS = {
  pass: ["M3 8.5 6.5 12 13 4.5"],
  warn: ["M8 1.8 15 14H1Z", "M8 6.2v3.6", "M8 11.9v.2"],
  fail: ["M4 4l8 8", "M12 4l-8 8"],
  error: ["M8 1.5v8", "M8 13.2v.4"],
  not_evaluated: ["M4 8h8"],
}
const WORDS = {pass: "Pass", warn: "Warn", fail: "Fail", error: "Error", not_evaluated: "Not evaluated"}
const toneOf = (word) => ({pass: "pass", warn: "warn", fail: "fail", error: "fail"})[word] || "none"

function el(name, cls, ...children) {
  const node = document.createElement(name)
  if (cls) node.className = cls
  for (const child of children) if (child != null) node.append(child) // strings become text nodes
  return node
}
function attrs(node, values) {
  for (const key in values) if (values[key] != null) node.setAttribute(key, values[key])
  return node
}
const svg = (name, values, ...children) => {
  const node = attrs(document.createElementNS(NS, name), values)
  node.append(...children)
  return node
}
function icon(word, size = 14) {
  const paths = (ICONS[word] || ICONS.not_evaluated).map((d) => svg("path", {d}))
  return svg("svg", {class: "icon", viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true"}, ...paths)
}
function badge(word, text) {
  return el("span", `badge ${toneOf(word)}`, icon(word, 12), el("span", "", text || WORDS[word] || "Not evaluated"))
}
// A link of our own: a plain click stays in the page, any other click is the browser's.
function link(model, cls, item, ...children) {
  const node = attrs(el("a", cls, ...children), {href: item.href && item.href.startsWith("?") ? item.href : "?"})
  node.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
    event.preventDefault()
    model.send_msg({go: item.go || {}})
  })
  return node
}
function redraw(model, names, draw) {
  draw()
  for (const name of names) model.on(name, draw)
}
