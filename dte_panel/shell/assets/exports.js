// Pictures of a view, made in the browser: every figure of the card under its title, with a line on what it shows.
const HEAD = 52, FOOT = 30, SIDE = 18

function figuresIn(view) {
  const found = []
  const walk = (v) => {
    if (v.canvas_view && v.export) { found.push(v); return }
    for (const child of v.child_views || []) walk(child)
  }
  if (view) walk(view)
  return found.filter((v) => v.el.getBoundingClientRect().width > 0)
}
function placed(views) {
  const boxes = views.map((v) => v.el.getBoundingClientRect())
  const left = Math.min(...boxes.map((b) => b.left)), top = Math.min(...boxes.map((b) => b.top))
  return {
    width: Math.ceil(Math.max(...boxes.map((b) => b.right)) - left) + 2 * SIDE,
    height: Math.ceil(Math.max(...boxes.map((b) => b.bottom)) - top) + HEAD + FOOT,
    at: boxes.map((b) => [Math.round(b.left - left) + SIDE, Math.round(b.top - top) + HEAD]),
  }
}
function inkOf(node) {
  const style = getComputedStyle(node)
  const token = (name, other) => style.getPropertyValue(name).trim() || other
  return {ground: token("--dte-surface", "#fff"), text: token("--dte-text", "#12141a"), muted: token("--dte-muted", "#535a68"), font: style.fontFamily}
}
function textsOf(model, ink, box) {
  return [
    {text: model.title, x: SIDE, y: 30, font: `600 15px ${ink.font}`, fill: ink.text},
    {text: model.origin, x: SIDE, y: box.height - 12, font: `400 11px ${ink.font}`, fill: ink.muted},
  ]
}
function asSvg(model, views, node) {
  const box = placed(views), ink = inkOf(node)
  const root = svg("svg", {xmlns: NS, width: box.width, height: box.height, viewBox: `0 0 ${box.width} ${box.height}`})
  root.append(svg("rect", {width: box.width, height: box.height, fill: ink.ground}))
  views.forEach((v, i) => {
    const part = v.export("svg", false).ctx.get_svg()
    attrs(part, {x: box.at[i][0], y: box.at[i][1]})
    root.append(part)
  })
  for (const t of textsOf(model, ink, box)) {
    const line = svg("text", {x: t.x, y: t.y, fill: t.fill, style: `font:${t.font}`})
    line.textContent = t.text
    root.append(line)
  }
  return new Blob([new XMLSerializer().serializeToString(root)], {type: "image/svg+xml"})
}
function asPng(model, views, node) {
  const box = placed(views), ink = inkOf(node), scale = 2
  const canvas = attrs(document.createElement("canvas"), {width: box.width * scale, height: box.height * scale})
  const ctx = canvas.getContext("2d")
  ctx.scale(scale, scale)
  ctx.fillStyle = ink.ground
  ctx.fillRect(0, 0, box.width, box.height)
  views.forEach((v, i) => {
    const {width, height} = v.el.getBoundingClientRect()
    ctx.drawImage(v.export("png", true).canvas, box.at[i][0], box.at[i][1], width, height)
  })
  for (const t of textsOf(model, ink, box)) {
    ctx.font = t.font
    ctx.fillStyle = t.fill
    ctx.fillText(t.text, t.x, t.y, box.width - 2 * SIDE)
  }
  return new Promise((done) => canvas.toBlob(done, "image/png"))
}
function save(blob, name) {
  const url = URL.createObjectURL(blob)
  const a = attrs(document.createElement("a"), {href: url, download: name})
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
