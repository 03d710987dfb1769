(() => {
  "use strict";
  const PAGE = 100;
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const body = document.querySelector("tbody");
  const heads = Array.from(document.querySelectorAll("th[data-key]"));
  const chips = Array.from(document.querySelectorAll(".chips button"));
  const search = document.querySelector("input[type=search]");
  const filters = {
    all: () => true, review: (r) => r.review === true, failed: (r) => r.passed === false,
    critical: (r) => r.critical, complaint: (r) => r.complaint === true, partial: (r) => r.coverage < 1 || r.missing > 0,
  };
  let key = "priority", down = true, filter = "all", page = 0, shown = rows;

  const cell = (tr, text, name) => { const td = tr.insertCell(); td.textContent = text; if (name) td.className = name; return td; };
  const pill = (td, text, tone) => { const el = document.createElement("span"); el.className = "pill " + tone; el.textContent = text; td.append(el, " "); };
  const none = "未判定";

  function draw() {
    body.replaceChildren();
    for (const r of shown.slice(page * PAGE, (page + 1) * PAGE)) {
      const tr = body.insertRow();
      const link = document.createElement("a");
      link.href = r.href; link.textContent = r.id;
      cell(tr, "", "wide").append(link);
      cell(tr, r.score, "num");
      const verdict = cell(tr, "");
      pill(verdict, r.passed === null ? "待定" : r.passed ? "通过" : "未通过", r.passed === null ? "warn" : r.passed ? "good" : "bad");
      if (r.critical) pill(verdict, "一票否决", "bad");
      cell(tr, Math.round(r.coverage * 100) + "%", "num");
      cell(tr, r.attitude === null ? none : r.attitude + " 级", "num");
      cell(tr, r.emotion === null ? none : r.emotion.toFixed(1) + (r.drops ? "（跌 " + r.drops + " 次）" : ""), "num");
      cell(tr, r.resolution);
      const about = cell(tr, "", "wide");
      if (r.complaint) pill(about, "投诉", "warn");
      about.append(r.types || (r.complaint === null ? none : r.complaint ? "" : "—"));
      const review = cell(tr, "", "num");
      if (r.review === null) pill(review, none, "warn"); else if (r.review) pill(review, "复核", "warn");
      review.append(r.priority === null ? "" : Math.round(r.priority * 100));
    }
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    document.getElementById("count").textContent = "共 " + shown.length + " 通" + (pages > 1 ? "，第 " + (page + 1) + " / " + pages + " 页" : "");
    document.getElementById("prev").disabled = page === 0;
    document.getElementById("next").disabled = page >= pages - 1;
    heads.forEach((th) => th.dataset.key === key ? th.setAttribute("aria-sort", down ? "descending" : "ascending") : th.removeAttribute("aria-sort"));
    chips.forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.filter === filter)));
  }
  function order(a, b) {
    const x = a[key], y = b[key];
    if (x === y) return 0;
    if (x === null) return 1;
    if (y === null) return -1;
    const sign = typeof x === "string" ? x.localeCompare(y, "zh-CN", { numeric: true }) : x < y ? -1 : 1;
    return down ? -sign : sign;
  }
  function refresh() {
    const text = search.value.trim().toLowerCase();
    shown = rows.filter((r) => filters[filter](r) && (!text || (r.id + " " + r.types + " " + r.resolution).toLowerCase().includes(text))).sort(order);
    page = 0;
    draw();
  }
  heads.forEach((th) => th.querySelector("button").addEventListener("click", () => {
    down = th.dataset.key === key ? !down : th.dataset.key !== "id";
    key = th.dataset.key;
    refresh();
  }));
  chips.forEach((chip) => chip.addEventListener("click", () => { filter = chip.dataset.filter; refresh(); }));
  search.addEventListener("input", refresh);
  document.getElementById("prev").addEventListener("click", () => { page -= 1; draw(); });
  document.getElementById("next").addEventListener("click", () => { page += 1; draw(); });
  refresh();
})();
