// Plain text, whatever it contains.
export function render({model}) {
  const node = el("div")
  const draw = () => {
    const kind = ["text", "muted", "empty", "error", "notice", "code", "heading", "loading", "live"].includes(model.kind) ? model.kind : "text"
    const body = el(kind === "code" ? "pre" : kind === "heading" ? "h2" : "p", kind, model.text)
    if (kind === "error" || kind === "notice") {
      attrs(body, {role: "status"})
      body.prepend(icon(kind === "error" ? "error" : "warn", 14), " ")
    }
    if (kind === "code") attrs(body, {tabindex: "0", role: "region", "aria-label": "Code"}) // it scrolls, by keyboard too
    if (kind === "live") { node.setAttribute("role", "status"); body.className = "text" }
    node.replaceChildren(...(model.text ? [body] : []))
  }
  redraw(model, ["text", "kind"], draw)
  return node
}
