// A button that opens a list of boxes to tick; each change is told to the server.
export function render({model}) {
  const node = el("div")
  const list = attrs(el("fieldset", "menu"), {popover: "auto"})
  const button = attrs(el("button", "open", model.label), {type: "button", "aria-expanded": "false"})
  const tell = () => model.send_msg({shown: [...list.querySelectorAll("input:checked")].map((box) => box.value)})
  const draw = () => {
    if (list.matches(":popover-open")) return // the boxes are what was ticked
    list.replaceChildren(el("legend", "sr", model.label))
    for (const [key, label] of model.options) {
      const box = attrs(el("input"), {type: "checkbox", value: key})
      box.checked = model.chosen.includes(key)
      box.addEventListener("change", tell)
      list.append(el("label", "", box, el("span", "", label)))
    }
  }
  list.addEventListener("toggle", (event) => button.setAttribute("aria-expanded", String(event.newState === "open")))
  button.addEventListener("click", () => {
    draw()
    list.showPopover()
    const at = button.getBoundingClientRect(), box = list.getBoundingClientRect()
    list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.width - 8))}px`
    list.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - box.height - 8))}px`
    list.querySelector("input")?.focus()
  })
  node.append(button, list)
  redraw(model, ["options", "chosen"], draw)
  return node
}
