// Runs once per page: URL and Back, the system's colour scheme, small screens, what Page leaves unnamed for screen readers.
export function render({model, view}) {
  const mark = attrs(el("span"), {hidden: ""})
  const page = view.model.document.roots().find((root) => root.data && "sidebar_open" in root.data)?.data
  const narrow = matchMedia("(max-width: 899px)").matches
  if (page && narrow) page.sidebar_open = false
  if (!model.served) return mark

  // What the server changes before the document is idle gets lost on the way, so we speak up only then. The cookie lets
  // the next page begin in the right colours.
  const dark = matchMedia("(prefers-color-scheme: dark)").matches
  document.cookie = `dte_system=${dark ? "dark" : "light"}; path=/; SameSite=Lax`
  const hello = () => setTimeout(() => model.send_msg({hello: dark}), 0)
  if (view.model.document.is_idle) hello()
  else view.model.document.idle.connect(hello)
  document.documentElement.lang = "en"
  const title = () => { document.title = model.title || "DTE Panel" }
  let first = true
  const address = () => {
    if (model.search !== location.search && !(model.search === "?" && !location.search)) {
      history[first ? "replaceState" : "pushState"]({}, "", location.pathname + model.search)
    }
    first = false
  }
  const remember = () => {
    if (model.cookie) document.cookie = `dte_theme=${encodeURIComponent(model.cookie)}; path=/; max-age=31536000; SameSite=Lax`
  }
  const back = () => model.send_msg({search: location.search || "?"})
  addEventListener("popstate", back)
  title()
  address()
  model.on("title", title)
  model.on("search", () => { address(); if (page && narrow) page.sidebar_open = false; top() })
  model.on("cookie", remember)
  model.on("remove", () => removeEventListener("popstate", back))

  // Letters are shortcuts where nobody is writing; the help page turns them off.
  const search = (root) => {
    for (const node of root.querySelectorAll("*")) {
      const found = node.matches("input[type=text]:not([readonly])") ? node : node.shadowRoot && search(node.shadowRoot)
      if (found) return found
    }
    return null
  }
  const shortcut = (event) => {
    const at = event.composedPath()[0]
    if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem("dte_keys") === "off") return
    if (at.isContentEditable || (at.matches && at.matches("input, textarea, select, [role=combobox], [role=listbox], [role=option]"))) return
    const place = model.pages.indexOf(model.page)
    const to = {"?": "help", o: "overview", e: "evidence", j: model.pages[place + 1], k: model.pages[place - 1]}[event.key]
    if (event.key === "/") { event.preventDefault(); search(shadow())?.focus() }
    else if (to) model.send_msg({go: {page: to}})
  }
  addEventListener("keydown", shortcut)
  model.on("remove", () => removeEventListener("keydown", shortcut))

  // panel-material-ui opens its menus for a click alone.
  const unfold = (event) => {
    const at = event.composedPath()[0]
    if (!["Enter", " ", "ArrowDown", "ArrowUp"].includes(event.key) || !at.matches?.("div[role=combobox][aria-expanded=false]")) return
    event.preventDefault()
    // A blank that goes up over the open menu would choose its first line.
    if (event.key === " ") addEventListener("keyup", (up) => up.stopPropagation(), {capture: true, once: true})
    at.click()
  }
  addEventListener("keydown", unfold)
  model.on("remove", () => removeEventListener("keydown", unfold))

  const shadow = () => [...Bokeh.index.roots].map((v) => v.shadow_el).find((s) => s && s.querySelector("main"))
  const top = () => shadow()?.querySelector(".main-content")?.scrollTo(0, 0)
  const busy = () => shadow()?.querySelector("main")?.setAttribute("aria-busy", String(model.busy))
  model.on("busy", busy)
  const mend = () => {
    busy()
    const root = shadow()
    if (!root) return
    for (const h of root.querySelectorAll("h5")) if (!h.textContent.trim()) h.setAttribute("role", "presentation")
    for (const nav of root.querySelectorAll("nav")) nav.setAttribute("aria-label", "Side bar") // ours, in it, are the pages
    for (const menu of root.querySelectorAll("[role=dialog].sidebar")) menu.setAttribute("aria-label", "Side bar")
    for (const bar of root.querySelectorAll("[role=progressbar]")) bar.setAttribute("aria-hidden", "true") // it never moves
    root.querySelector(".main-content")?.setAttribute("tabindex", "-1")
  }
  // Page draws its parts when it likes, and anew when the ground changes.
  const timer = setInterval(mend, 300)
  model.on("remove", () => clearInterval(timer))
  return mark
}
