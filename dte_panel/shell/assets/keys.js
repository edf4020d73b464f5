// The keyboard shortcuts, and the box that turns them off: a screen reader or voice control may need the letters.
export function render({model}) {
  const box = attrs(el("input"), {type: "checkbox"})
  box.checked = localStorage.getItem("dte_keys") !== "off"
  box.addEventListener("change", () => localStorage.setItem("dte_keys", box.checked ? "on" : "off"))
  const list = el("dl")
  for (const [key, text] of model.keys) list.append(el("div", "", el("dt", "", el("kbd", "", key)), el("dd", "", text)))
  return el("div", "", list, el("label", "", box, el("span", "", "Single keys are shortcuts")))
}
