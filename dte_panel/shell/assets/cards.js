// One card per provider: verdict, worst finding, counts, and how one number went over time.
function sparkline(spark, tone) {
  const W = 240, H = 40, values = spark.values, ends = spark.bound == null ? values : [...values, spark.bound]
  const low = Math.min(...ends), high = Math.max(...ends), span = high - low || 1
  const x = (i) => 2 + (i * (W - 4)) / (values.length - 1), y = (v) => H - 4 - ((v - low) * (H - 8)) / span
  const path = "M" + values.map((v, i) => `${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("L")
  const node = svg("svg", {viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", class: `spark ${tone}`, role: "img", "aria-label": spark.label})
  node.append(svg("path", {d: `${path}L${W - 2} ${H}L2 ${H}Z`, class: "area"}))
  if (spark.bound != null) node.append(svg("path", {d: `M0 ${y(spark.bound)}H${W}`, class: "bound"}))
  node.append(svg("path", {d: path, class: "line"}))
  return node
}
function card(model, item) {
  const a = link(model, "card", item)
  a.append(el("span", "top", el("span", "title", item.title), badge(item.word, item.word ? null : "No checks")))
  a.append(el("span", "worst", item.worst))
  const foot = el("span", "foot")
  if (item.spark) {
    const s = item.spark
    foot.append(el("span", "chart", sparkline(s, s.decides ? toneOf(item.word) : "none"), el("span", "axis", el("span", "", s.first), el("span", "", s.last))))
    foot.append(el("span", "what", attrs(el("span", "name", s.name), {title: s.name}), el("b", "tabular", s.now)))
  }
  foot.append(el("span", "counts", item.counts))
  a.append(foot)
  return el("li", "", a)
}
export function render({model}) {
  const list = el("ul", "deck")
  // Six cards are two rows of three, four are one row; the last row fills its width.
  redraw(model, ["items"], () => {
    const count = model.items.length
    list.style.setProperty("--least", count % 3 === 0 || count === 5 ? "340px" : "255px")
    list.replaceChildren(...model.items.map((item) => card(model, item)))
  })
  return list
}
